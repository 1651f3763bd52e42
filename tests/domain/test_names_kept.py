"""Names that journals and recordings have stay as they were first written, whatever the code calls them."""

import msgspec

from cockpit.domain.events import FillInferred
from cockpit.domain.kinds import VenueTopic


def test_a_recording_of_before_has_its_inferred_fills() -> None:
    written = b'["fill_witnessed",7,"e1",0.5,100.0]'
    assert msgspec.json.decode(written, type=FillInferred) == FillInferred(7, "e1", 0.5, 100.0)


def test_a_journal_of_before_has_its_unexplained_positions() -> None:
    assert VenueTopic("stranger") is VenueTopic.UNEXPLAINED
