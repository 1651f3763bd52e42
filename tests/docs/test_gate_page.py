"""The gate's reference says what the gate does now, and leaves no check out."""

from cockpit.domain.kinds import Outcome
from cockpit.gate.gate import judge
from tests.docs.gate_reference import LAYERS, bare_config, described, reference, scenes
from tests.docs.pages import page


def test_the_page_is_the_generated_one() -> None:
    assert page("gate.md") == reference(), "python -m tests.docs.gate_reference > docs/gate.md"


def test_every_check_the_gate_makes_is_on_the_page_in_its_layer() -> None:
    config = bare_config()
    on_page = [(layer, check.name) for layer, module, _ in LAYERS for check in described(module, config)]
    made = {(check.layer, check.name) for asked in scenes(config) for check in judge(asked).checks}
    assert made == set(on_page)
    assert len(on_page) == len(set(on_page))


def test_every_check_is_seen_letting_pass_and_not() -> None:
    for _, module, _ in LAYERS:
        for check in described(module, bare_config()):
            assert Outcome.PASS in check.sentences, check.name
            assert set(check.sentences) - {Outcome.PASS}, f"{check.name} was never seen to say anything but pass"


def test_no_name_of_the_code_stands_where_a_name_of_the_config_should() -> None:
    """What the page calls a key of the config is one: the shipped file or its defaults have it."""
    plain = bare_config().model_dump(by_alias=True)
    for _, module, _ in LAYERS:
        for check in described(module, bare_config()):
            for key in check.keys:
                part = plain
                for step in key.replace("VENUE", "okx").replace("ASSET", "BTC").split("."):
                    part = part[step]
