"""When several RPCs are asked, enough of them must say the same of the same block. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from cockpit.feeds.aave.account import AccountData


class Answer(NamedTuple):
    """What one RPC said of the account at the pinned block."""

    source: str
    block_number: int
    block_hash: str
    block_s: int
    data: AccountData


class Judgement(NamedTuple):
    """Whether an answer counts; where it does not, `detail` says why, and `disputed` whether others contradict it."""

    answer: Answer
    counts: bool
    detail: str = ""
    disputed: bool = False


def needed_of(configured: int, quorum: int) -> int:
    """How many RPCs must agree: the quorum, or all of them where fewer are configured."""
    return min(configured, quorum)


def pinned_height(heads: Sequence[int], needed: int, behind: int) -> int:
    """The highest block that `needed` of these heads have seen, less `behind`: one liar can neither raise nor, where
    the others suffice, lower it. Raises ValueError without heads."""
    if not heads:
        raise ValueError("expected at least one head, was none")
    ordered = sorted(heads, reverse=True)
    return max(0, ordered[min(needed, len(ordered)) - 1] - behind)


def judge(answers: Sequence[Answer], needed: int, configured: int, alarm_under: float) -> list[Judgement]:
    """What counts of these answers about one block.

    - `needed` or more agree on block and account, and no second group does: they count, the others do not.
    - Answers contradict each other without such a majority: none counts, the health factor is unknown.
    - Too few answered and none contradicts: enough to raise an alarm (under `alarm_under`), never to call it healthy.
    """
    groups: dict[tuple[str, AccountData], list[Answer]] = {}
    for answer in answers:
        groups.setdefault((answer.block_hash, answer.data), []).append(answer)
    majorities = [key for key, group in groups.items() if len(group) >= needed]
    if len(majorities) == 1:
        return [_beside_majority(answer, groups[majorities[0]]) for answer in answers]
    if len(groups) > 1:
        said = ", ".join(f"{answer.source} {answer.data.as_text}" for answer in answers)
        sentence = f"RPCs disagree at block {answers[0].block_number}: {said}"
        if len({answer.block_hash for answer in answers}) > 1:
            sentence += " (different blocks)"
        return [Judgement(answer, False, sentence, disputed=True) for answer in answers]
    return [_alone(answer, len(answers), needed, configured, alarm_under) for answer in answers]


def _beside_majority(answer: Answer, majority: Sequence[Answer]) -> Judgement:
    first = majority[0]
    if (answer.block_hash, answer.data) == (first.block_hash, first.data):
        return Judgement(answer, True)
    if answer.block_hash != first.block_hash:
        sentence = f"its block {answer.block_number} is not that of {len(majority)} other RPCs"
        return Judgement(answer, False, sentence, disputed=True)
    said = f"{answer.data.as_text} against {first.data.as_text} of {len(majority)} other RPCs"
    return Judgement(answer, False, f"outvoted: {said}", disputed=True)


def _alone(answer: Answer, answered: int, needed: int, configured: int, alarm_under: float) -> Judgement:
    value = answer.data.health_factor
    if value is not None and value < alarm_under:
        return Judgement(answer, True)
    sentence = f"{answered} of {configured} RPCs answered ({answer.data.as_text}), expected {needed} that agree"
    return Judgement(answer, False, sentence)
