"""A module that one neighbour alone imports stands on the page of those that hide a hazard, or joins that neighbour."""

from tests.packaging.neighbours import PAGE, kept, lone, modules

MOST_SHARE = 0.15


def test_every_module_with_one_neighbour_is_kept_for_a_hazard() -> None:
    found, hazards = modules(), kept()
    alone = lone(found)
    new = {name: neighbour for name, neighbour in alone.items() if name not in hazards}
    assert not new, f"merge each into its neighbour, or give it a line with its hazard in {PAGE.name}: {new}"
    gone = sorted(set(hazards) - {module.name for module in found})
    assert not gone, f"there is no such module any more: take these lines off {PAGE.name}: {gone}"
    assert all(len(hazard.split()) >= 4 for hazard in hazards.values())


def test_few_modules_have_one_neighbour_alone() -> None:
    found = modules()
    assert len(lone(found)) / len(found) < MOST_SHARE
