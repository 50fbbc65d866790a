"""A challenger from matured decisions: a bundle like any other, compared with the champion on the same rows."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from small_portfolio import QUICK, make_portfolio

from solvent.bundle.files import Bundle, read_bundle
from solvent.bundle.reference import has_whole_rows, read_reference
from solvent.domain.matured import MaturedDecision, RecordedVector
from solvent.domain.outcomes import DefaultDefinition
from solvent.domain.promotion import Gate
from solvent.errors import TrainingError
from solvent.features.matrix import FeatureMatrix
from solvent.training.retraining import (
    RetrainingRequest,
    collect_features,
    fingerprint_decisions,
    label_decisions,
    retrain,
)
from solvent.training.run import TrainingRequest, train_on

DECIDED = datetime(2026, 6, 1, tzinfo=UTC)
AS_OF = datetime(2027, 8, 1, tzinfo=UTC)


class MemoryLog:
    """The port over a list."""

    def __init__(self, decisions: list[MaturedDecision], others: Sequence[RecordedVector] = ()) -> None:
        self.decisions = decisions
        self.others = others
        self.asked: list[tuple[str, DefaultDefinition, datetime]] = []

    def read_matured(
        self, program_digest: str, *, definition: DefaultDefinition, as_of: datetime
    ) -> Iterator[MaturedDecision]:
        self.asked.append((program_digest, definition, as_of))
        return iter(self.decisions)

    def read_window(
        self, program_digest: str, *, definition: DefaultDefinition, as_of: datetime
    ) -> Iterator[RecordedVector]:
        matured = [RecordedVector(one.client_id, one.features, one.is_approved) for one in self.decisions]
        return iter(sorted([*matured, *self.others], key=lambda one: one.client_id))

    def find_thin_months(self, *, definition: DefaultDefinition, as_of: datetime) -> tuple[str, ...]:
        return ("2026-05",)


def decided(matrix: FeatureMatrix, *, refused: int = 0) -> list[MaturedDecision]:
    """One matured decision for each row, the first ones refused."""
    return [
        MaturedDecision(
            request_id=UUID(int=number),
            decided_at=DECIDED + timedelta(minutes=number),
            client_id=int(client),
            features=values.astype("<f4").tobytes(),
            application={"CODE_GENDER": "M" if number % 2 else "F", "DAYS_BIRTH": -12_000, "AMT_INCOME_TOTAL": 1e5},
            has_history=True,
            is_approved=number >= refused,
            has_defaulted=bool(target),
        )
        for number, (client, values, target) in enumerate(
            zip(matrix.client_ids, matrix.values, matrix.target, strict=True)
        )
    ]


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A model of another portfolio, in which the second feature says little."""
    matrix = make_portfolio(seed=9)
    noise = np.random.default_rng(1).normal(size=len(matrix)).astype(np.float32)
    blurred = matrix.values.copy()
    blurred[:, 1] += 2 * noise
    out = tmp_path_factory.mktemp("models") / "champion"
    train_on(
        replace(matrix, values=blurred), TrainingRequest(data=Path(), out=out, settings=QUICK), data_fingerprint="d"
    )
    return read_bundle(out)


def decisions_for(champion: Bundle, rows: int = 2_000, *, refused: int = 0) -> list[MaturedDecision]:
    """Decisions by a model with the champion's features."""
    return decided(make_portfolio(rows).keep(champion.program.names), refused=refused)


def run(champion: Bundle, decisions: list[MaturedDecision], out: Path) -> "MemoryLog":
    log = MemoryLog(decisions)
    retrain(champion, log, RetrainingRequest(out, AS_OF, settings=QUICK))
    return log


def test_asks_for_decisions_with_the_champions_features_and_definition(champion: Bundle, tmp_path: Path) -> None:
    log = run(champion, decisions_for(champion), tmp_path / "challenger")
    assert log.asked == [(champion.program.digest, champion.policy.default_definition, AS_OF)]


def test_makes_a_bundle_that_beats_a_champion_of_other_days_on_the_same_rows(champion: Bundle, tmp_path: Path) -> None:
    decisions = decisions_for(champion, 4_000, refused=40)
    result = retrain(champion, MemoryLog(decisions), RetrainingRequest(tmp_path / "new", AS_OF, settings=QUICK))
    bundle = read_bundle(tmp_path / "new")
    assert bundle.policy.forbidden_columns == champion.policy.forbidden_columns
    assert result.rival is not None
    version, rows = result.rival
    assert version == champion.version
    assert rows.client_ids.tolist() == result.held_out.client_ids.tolist()
    challenge = bundle.evaluation["challenge"]
    assert challenge["champion"] == champion.version
    auc = challenge["figures"]["worsenings"][0]
    assert auc["gate"] == Gate.AUC
    assert auc["high"] < -0.01
    assert bundle.evaluation["population"] == {
        "source": "decision log",
        "decisions": 4_000,
        "refused": 40,
        "first_decided_at": "2026-06-01T00:00:00+00:00",
        "last_decided_at": "2026-06-03T18:39:00+00:00",
        "window_decisions": 4_000,
        "window_refused": 40,
        "thin_months": ["2026-05"],
    }
    assert {group["label"] for group in bundle.evaluation["fairness"]["groups"]} == {"F", "M", "25 to 35"}


def refused_with(champion: Bundle, *, ext_source_2: float, rows: int) -> list[RecordedVector]:
    """Refused clients of the same months, without an outcome and with one and the same external score."""
    matrix = make_portfolio(rows, seed=5).keep(champion.program.names)
    values = matrix.values.copy()
    values[:, champion.program.names.index("ext_source_2")] = ext_source_2
    return [RecordedVector(50_000 + number, row.astype("<f4").tobytes(), False) for number, row in enumerate(values)]


def test_what_is_normal_is_told_from_refused_applicants_too(champion: Bundle, tmp_path: Path) -> None:
    """2,000 accepted, 2,000 refused with a score of 9: the deciles from .5 on are 9, and that bin begins at .4."""
    decisions = decisions_for(champion)
    others = refused_with(champion, ext_source_2=9.0, rows=2_000)
    retrain(champion, MemoryLog(decisions, others), RetrainingRequest(tmp_path / "new", AS_OF, settings=QUICK))
    bundle = read_bundle(tmp_path / "new")
    profile = bundle.profile
    assert profile["rows"] == pytest.approx(2 * 0.55 * 2_000, rel=0.05)
    bins = profile["features"]["ext_source_2"]
    assert bins["edges"][4:] == [9.0]
    assert bins["shares"] == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.6, 0.0], abs=0.02)
    sample = read_reference((tmp_path / "new" / "reference.parquet").read_bytes(), bundle.program)
    assert (sample.values[:, bundle.program.names.index("ext_source_2")] == 9.0).mean() == pytest.approx(0.5, abs=0.06)
    population = bundle.evaluation["population"]
    assert (population["refused"], population["window_decisions"], population["window_refused"]) == (0, 4_000, 2_000)


def test_nobody_can_be_found_in_the_sample_of_a_retrained_model(champion: Bundle, tmp_path: Path) -> None:
    decisions = decisions_for(champion)
    run(champion, decisions, tmp_path / "new")
    bundle = read_bundle(tmp_path / "new")
    content = (tmp_path / "new" / "reference.parquet").read_bytes()
    sample = read_reference(content, bundle.program).values
    given = collect_features(decisions, champion.program).keep(bundle.program.names).values
    rows = {row.tobytes() for row in given}
    assert [row for row in sample if row.tobytes() in rows] == []
    assert all(np.isin(sample[:, place], given[:, place]).all() for place in range(2, given.shape[1]))
    assert not has_whole_rows(content)


def test_the_same_decisions_give_the_same_bundle(champion: Bundle, tmp_path: Path) -> None:
    decisions = decisions_for(champion)
    for name in ("one", "two"):
        run(champion, decisions, tmp_path / name)
    assert read_bundle(tmp_path / "one").digest == read_bundle(tmp_path / "two").digest


def test_the_clients_are_split_by_the_champions_seed_and_by_no_other(champion: Bundle, tmp_path: Path) -> None:
    later = replace(champion, evaluation={**champion.evaluation, "seed": 3})
    request = RetrainingRequest(tmp_path / "new", AS_OF, settings=QUICK)
    retrain(later, MemoryLog(decisions_for(champion)), request)
    assert read_bundle(tmp_path / "new").evaluation["seed"] == 3
    with pytest.raises(TrainingError, match="the champion's seed is 3: with 4 it would be judged on clients"):
        retrain(later, MemoryLog([]), replace(request, out=tmp_path / "other", seed=4))


def test_refuses_to_train_on_no_decision_or_a_damaged_one(champion: Bundle, tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError,
        match=r"left out, with too many outcomes missing: 2026-05\): import outcomes with `solvent outcomes import`",
    ):
        run(champion, [], tmp_path / "none")
    decisions = decisions_for(champion)
    decisions[0] = replace(decisions[0], features=decisions[0].features[:-4])
    with pytest.raises(TrainingError, match="does not fit its program: run `solvent ledger verify`"):
        run(champion, decisions, tmp_path / "damaged")
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "damaged").exists()


def test_labels_come_from_the_recorded_application() -> None:
    labels = label_decisions(decided(make_portfolio(2_000))[:2]).labels
    assert labels["sex"].tolist() == ["F", "M"]
    assert labels["age_band"].tolist() == ["25 to 35", "25 to 35"]
    assert labels["region_rating"].tolist() == ["", ""]


def test_the_fingerprint_is_that_of_requests_outcomes_and_features() -> None:
    one = decided(make_portfolio(2_000))[0]
    line = f"{one.request_id} {int(one.has_defaulted)} {hashlib.sha256(one.features).hexdigest()}\n"
    assert fingerprint_decisions([one]) == hashlib.sha256(line.encode()).hexdigest()
