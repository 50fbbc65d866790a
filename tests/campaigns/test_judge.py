from collections.abc import Sequence
from dataclasses import asdict, replace

import pytest

from judge import Acknowledged, Recorded, Verdict, judge

TOLD = [
    Acknowledged("a", 1, "id-1", 0.25, "body-1"),
    Acknowledged("b", 2, "id-2", 0.5, "body-2"),
    Acknowledged("b", 2, "id-2", 0.5, "body-2"),
]
KEPT = [
    Recorded(1, "id-1", 0.25, "writer-1", 1),
    Recorded(2, "id-2", 0.5, "writer-1", 2),
    Recorded(3, "id-3", 0.75, "writer-2", 1),
]
ASKED = {1, 2, 3, 4}
CLEAN = Verdict(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_a_log_that_holds_every_answer_once_is_clean() -> None:
    verdict = judge(TOLD, KEPT, asked=ASKED, denied={4})
    assert verdict == CLEAN
    assert verdict.is_clean
    assert verdict.describe().endswith("every 200 is recorded exactly once")


@pytest.mark.parametrize(
    ("told", "kept", "found"),
    [
        (TOLD, [KEPT[1], replace(KEPT[2], writer_id="writer-1", sequence=1)], {"lost": 1}),
        (TOLD, [*KEPT, KEPT[0]], {"doubled": 1, "decided_twice": 1}),
        (TOLD, [*KEPT, Recorded(3, "id-4", 0.75, "writer-2", 2)], {"decided_twice": 1}),
        ([*TOLD, replace(TOLD[0], body_digest="body-9")], KEPT, {"changed": 1}),
        (TOLD, [replace(KEPT[0], client_id=2), replace(KEPT[1], client_id=1), KEPT[2]], {"foreign": 3}),
        (TOLD, [replace(KEPT[0], probability=0.5), replace(KEPT[1], probability=0.25), KEPT[2]], {"altered": 3}),
        (TOLD, [replace(KEPT[0], probability=0.25000000000000006), *KEPT[1:]], {"altered": 1}),
        (TOLD, [*KEPT, Recorded(5, "id-5", 0.5, "writer-2", 2)], {"unasked": 1}),
        (TOLD, [*KEPT, Recorded(4, "id-4", 0.5, "writer-2", 2)], {"denied": 1}),
        (TOLD, [*KEPT[:2], replace(KEPT[2], sequence=3)], {"holes": 2}),
    ],
    ids=[
        "a lost row", "a doubled row", "a second decision", "another body", "exchanged rows", "exchanged scores",
        "one bit of a score", "a row that nobody asked for", "a row after a refusal", "a hole in a chain",
    ],
)  # fmt: skip
def test_a_planted_fault_is_found_and_counted(
    told: Sequence[Acknowledged], kept: Sequence[Recorded], found: dict[str, int]
) -> None:
    verdict = judge(told, kept, asked=ASKED, denied={4})
    assert asdict(verdict) == {**asdict(CLEAN), **found}
    assert not verdict.is_clean
    assert verdict.describe().endswith("THE LOG IS NOT WHAT CALLERS WERE TOLD")


def test_what_verification_and_replay_find_is_held_against_the_log() -> None:
    assert judge(TOLD, KEPT, asked=ASKED, unverified=2) == replace(CLEAN, unverified=2)
    assert judge(TOLD, KEPT, asked=ASKED, different=1) == replace(CLEAN, different=1)
    assert not replace(CLEAN, unverified=2).is_clean
    assert replace(CLEAN, unverified=2, different=1).failures == 3
