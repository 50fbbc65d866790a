"""Who is champion: compares versions of the registry, promotes one that passes the gates, and goes back."""

from collections.abc import Sequence
from dataclasses import dataclass

from solvent.domain.promotion import Gate, PromotionGates, Refusal, Worsening, find_refusals
from solvent.errors import TrainingError
from solvent.training.challenge import compare_models
from solvent.training.evidence import EvidenceError
from solvent.training.tracking import ChampionChange, ModelRegistry, check_named

_SELECTED = (
    ": nothing tells how the challenger ranks whom the champion refused; import outcomes of refused applicants and "
    "retrain, or promote with --accept-selection, which is recorded"
)


@dataclass(frozen=True)
class Verdict:
    """A challenger beside the champion: every figure, and the gates that it does not pass."""

    champion: int
    challenger: int
    rows: int
    defaults: int
    worsenings: tuple[Worsening, ...]
    refusals: tuple[Refusal, ...]


class PromotionRefusedError(TrainingError):
    """A challenger fails a gate; nothing was changed but the audit."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        named = "; ".join(f"{one.gate.value}: {one.reason}" for one in refusals)
        super().__init__(f"not promoted ({named}); `solvent model compare` shows every figure")


def compare_versions(registry: ModelRegistry, champion: int, challenger: int, *, gates: PromotionGates) -> Verdict:
    """Compare two versions on the rows that both held out; raises TrainingError if there is no such version."""
    try:
        first, second = registry.read_evidence(champion), registry.read_evidence(challenger)
    except EvidenceError as error:
        return Verdict(champion, challenger, 0, 0, (), (Refusal(Gate.EVIDENCE, str(error)),))
    pair = first.paired_with(second)
    found = compare_models(pair.first, pair.second, first.bundle.policy.costs)
    refusals = find_refusals(
        found.worsenings, gates, rows=found.rows, defaults=found.defaults, unmeasured=found.unmeasured
    )
    if pair.selection is not None:
        refusals = (*refusals, Refusal(Gate.POPULATION, f"{pair.selection}{_SELECTED}"))
    return Verdict(champion, challenger, found.rows, found.defaults, found.worsenings, refusals)


def promote(
    registry: ModelRegistry,
    version: int,
    *,
    gates: PromotionGates,
    who: str,
    why: str,
    accept_selection: bool = False,
) -> ChampionChange | None:
    """Make a version champion if it passes the gates; None if it is champion already.

    With `accept_selection` rows that the champion chose are enough, and the entry of the audit names that gate as
    accepted. A refusal is recorded too. Promotions, also of other processes, happen one after the other.

    Raises:
        PromotionRefusedError: it is worse than the champion, or its evaluation is missing or was altered.
        TrainingError: there is no such version, or nobody or no reason is given.
    """
    check_named(who, why)
    registry.check_version(version)
    with registry.alone():
        champion = registry.find_champion()
        if version == champion:
            return None
        accepted: tuple[str, ...] = ()
        if champion is not None:
            refusals = compare_versions(registry, champion, version, gates=gates).refusals
            waived = {Gate.POPULATION} if accept_selection else set()
            accepted = tuple(one.gate.value for one in refusals if one.gate in waived)
            _check(registry, version, [one for one in refusals if one.gate not in waived], who=who, why=why)
        return registry.change_champion("promote", version, who=who, why=why, accepted=accepted)


def rollback(registry: ModelRegistry, *, who: str, why: str) -> ChampionChange:
    """Make the champion's predecessor champion again; a second rollback goes one further back.

    Its bundle is enough: held-out rows may be gone by then.

    Raises:
        TrainingError: there is no predecessor, its bundle was altered, or nobody or no reason is given.
    """
    with registry.alone():
        predecessor = _find_predecessor(registry)
        if predecessor is None:
            raise TrainingError("no version was champion before this one: promote another version instead")
        registry.read_bundle(predecessor)
        return registry.change_champion("rollback", predecessor, who=who, why=why)


def _check(registry: ModelRegistry, version: int, refusals: Sequence[Refusal], *, who: str, why: str) -> None:
    if refusals:
        registry.note_refusal(version, who=who, why=why, gates=tuple(one.gate.value for one in refusals))
        raise PromotionRefusedError(refusals)


def _find_predecessor(registry: ModelRegistry) -> int | None:
    """The champion before the present one, by the audit; an entry that a crash left without effect is passed over."""
    past: list[int] = []
    for change in registry.read_audit():
        if change.action == "rollback":
            while past and past[-1] != change.to_version:
                past.pop()
        elif change.action != "refuse":
            past.append(change.to_version)
    champion = registry.find_champion()
    return next((version for version in reversed(past) if version != champion), None)
