"""The table of keys, and what a keymap of the operator's may and may not do."""

import pytest

from cockpit.tui import keys
from cockpit.tui.keys import KeymapError, keymap
from cockpit.tui.panes.table import BY_ACTION
from cockpit.tui.settings import ScreenSettings, SettingsError
from cockpit.tui.trade_actions import AT_ONCE, TO_EDIT, TradeActions


def test_every_action_of_the_table_does_something() -> None:
    for action in keys.TABLE:
        by_words = {**BY_ACTION, **AT_ONCE, **TO_EDIT}
        assert action.id in by_words or hasattr(TradeActions, f"_do_{action.id}"), action.id


def test_the_defaults_are_a_keymap() -> None:
    assert keymap() == {action.id: action.keys for action in keys.TABLE}
    assert keymap()["flatten"] == ("f12", "ctrl+backslash")


def test_own_keys_take_the_place_of_the_defaults() -> None:
    bound = keymap({"arm": "f5", "flatten": "f12, ctrl+x"})
    assert bound["arm"] == ("f5",)
    assert bound["flatten"] == ("f12", "ctrl+x")


def test_an_action_may_go_without_a_key() -> None:
    assert keymap({"theme": ""})["theme"] == ()


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"flatten": ""}, "keys.flatten: expected at least one key for the emergency exit, was none"),
        ({"flatten": "k"}, "keys.flatten: expected a function or ctrl key"),
        ({"flatten": "f12,x"}, "keys.flatten: expected a function or ctrl key"),
        ({"palette": "g"}, "keys.palette: expected a function or ctrl key"),
        ({"flaten": "f12"}, "keys.flaten: expected an action of flatten, arm,"),
        ({"arm": "h"}, "was 'h', which is arm's"),
        ({"arm": "f12"}, "was 'f12'"),
        ({"arm": "escape"}, "keys.arm: expected a key that does not move about already, was 'escape'"),
        ({"arm": "nonsense"}, "keys.arm: expected a key name"),
        ({"arm": "f99"}, "keys.arm: expected a key name"),
        ({"arm": [1]}, "keys.arm: expected key names"),
    ],
)
def test_a_keymap_that_must_not_be_used_is_refused(overrides: dict[str, str], said: str) -> None:
    with pytest.raises(KeymapError) as refused:
        keymap(overrides)
    assert said in str(refused.value)


def test_every_default_key_is_one_a_terminal_sends() -> None:
    assert all(keys.is_key(key) for action in keys.TABLE for key in action.keys)


def test_emergency_keys_are_never_printable() -> None:
    assert all(keys.is_everywhere(key) for action in keys.TABLE if action.everywhere for key in action.keys)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"theme": "pink"}, "screen.theme: expected one of dark, light, colour-blind, ansi, was 'pink'"),
        ({"flatten_presses": 3}, "screen.flatten_presses: expected 1 or 2, was 3"),
        ({"ascii": 1}, "screen.ascii: expected true or false, was 1"),
        ({"keys": []}, "screen.keys: expected keys by action"),
        ({"colour": 1}, "screen.colour: expected one of ascii, bell, flash, flatten_presses, keys, layout"),
    ],
)
def test_settings_that_cannot_be_are_refused(chosen: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        ScreenSettings.of(chosen)
    assert said in str(refused.value)


def test_settings_take_the_operators_choices() -> None:
    settings = ScreenSettings.of({"theme": "light", "flatten_presses": 1, "keys": {"arm": "f5"}}, hz=4.0)
    assert (settings.theme, settings.flatten_presses, settings.keys["arm"], settings.hz) == ("light", 1, ("f5",), 4.0)
