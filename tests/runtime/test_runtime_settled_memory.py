"""What an engine's start leaves in memory is not walked through again while it trades."""

import gc

from cockpit.runtime.headless import settle_memory


def test_a_full_collection_passes_over_what_the_start_made() -> None:
    gc.unfreeze()  # what the run itself set aside
    gc.collect()
    walked_before = len(gc.get_objects())
    settle_memory()
    try:
        assert len(gc.get_objects()) < walked_before / 10
        assert gc.get_freeze_count() > walked_before / 2
    finally:
        gc.freeze()
