"""Promotion: a better model becomes champion, a worse or untrusted one is refused, and all of it is recorded."""

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from compared_models import NOON, result, scored
from store_examples import aliases, make_registry, pseudonym

from solvent.bundle.files import read_bundle
from solvent.errors import TrainingError
from solvent.training.gates import read_gates
from solvent.training.held_out import HeldOut, draw_pseudonyms
from solvent.training.population import Population
from solvent.training.promotion import PromotionRefusedError, compare_versions, promote, rollback
from solvent.training.publication import publish_champion
from solvent.training.tracking import ModelRegistry

pytestmark = pytest.mark.slow

GATES = replace(read_gates(), fairness_by=("sex",))
GOOD, BETTER, WORSE = scored(noise=0.5), scored(noise=0.3), scored(noise=1.0)


def register(uri: str, folder: Path, *models: HeldOut) -> ModelRegistry:
    registry = make_registry(uri)
    for number, rows in enumerate(models, start=1):
        registry.log(result(folder / f"bundle{number}", rows, note=str(number)), who="anna", pseudonym=pseudonym)
    return registry


def test_a_better_model_is_promoted_and_recorded(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD, BETTER)
    change = promote(registry, 2, gates=GATES, who="ben", why="ranks better")
    assert change is not None
    assert (change.action, change.who, change.why) == ("promote", "ben", "ranks better")
    assert (change.from_version, change.to_version) == (1, 2)
    assert aliases(registry) == {2: ("champion",), 1: ()}
    assert registry.read_audit()[-1] == change


def test_a_worse_model_is_refused_by_name_and_the_attempt_is_recorded(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD, WORSE)
    with pytest.raises(PromotionRefusedError, match=r"auc: auc is worse by 0\.\d+ .* allowed is 0.002"):
        promote(registry, 2, gates=GATES, who="ben", why="newer")
    assert aliases(registry) == {2: ("challenger",), 1: ("champion",)}
    refused = registry.read_audit()[-1]
    assert (refused.action, refused.who, refused.why, refused.to_version) == ("refuse", "ben", "newer", 2)
    assert "auc" in refused.gates


def test_without_labels_of_an_attribute_nothing_is_promoted_unless_the_gates_say_so(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD, BETTER)
    with pytest.raises(PromotionRefusedError, match="evidence: fairness by age_band cannot be measured"):
        promote(registry, 2, gates=read_gates(), who="ben", why="better")
    assert promote(registry, 2, gates=GATES, who="ben", why="better by sex; ages are not known") is not None


def register_retrained(uri: str, folder: Path, *, refused: int, window_refused: int) -> ModelRegistry:
    """A champion, and a better challenger from the log, whose rows carry both models' scores."""
    registry = register(uri, folder, GOOD)
    population = Population(
        "decision log", 6_000, refused, NOON, NOON, 6_000 + window_refused - refused, window_refused
    )
    retrained = result(folder / "retrained", BETTER, population=population)
    champion = registry.list_models()[0].bundle_version
    registry.log(replace(retrained, rival=(champion, GOOD)), who="solvent retrain", pseudonym=draw_pseudonyms())
    return registry


def test_a_model_judged_on_accepted_applicants_is_refused_and_can_be_accepted_by_name(uri: str, tmp_path: Path) -> None:
    registry = register_retrained(uri, tmp_path, refused=0, window_refused=1_500)
    with pytest.raises(
        PromotionRefusedError,
        match=r"population: of the 1,500 applicants that were refused .* 0 is known: .* with --accept-selection",
    ):
        promote(registry, 2, gates=GATES, who="ben", why="2026 vintage")
    assert registry.read_audit()[-1].gates == ("population",)
    change = promote(registry, 2, gates=GATES, who="ada", why="limits stay as they are", accept_selection=True)
    assert change is not None
    assert (change.action, change.who, change.why) == ("promote", "ada", "limits stay as they are")
    assert registry.read_audit()[-1].gates == ("population",)
    assert aliases(registry)[2] == ("champion",)


def test_a_model_judged_on_refused_applicants_too_needs_no_such_word(uri: str, tmp_path: Path) -> None:
    registry = register_retrained(uri, tmp_path, refused=1_400, window_refused=1_500)
    change = promote(registry, 2, gates=GATES, who="ben", why="better", accept_selection=True)
    assert change is not None
    assert change.gates == ()


def test_who_accepts_the_selection_accepts_no_other_gate(uri: str, tmp_path: Path) -> None:
    registry = register_retrained(uri, tmp_path, refused=0, window_refused=1_500)
    strict = replace(GATES, fewest_rows=7_000)
    with pytest.raises(PromotionRefusedError, match=r"\(evidence: 6,000 held-out rows [^;]* ask for 7,000 and 100\);"):
        promote(registry, 2, gates=strict, who="ben", why="better", accept_selection=True)


def test_promoting_the_champion_again_changes_nothing(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD, BETTER)
    promote(registry, 2, gates=GATES, who="ben", why="ranks better")
    before = registry.read_audit()
    assert promote(registry, 2, gates=GATES, who="ben", why="ranks better") is None
    assert registry.read_audit() == before


def tampered(uri: str, folder: Path, change: str) -> ModelRegistry:
    """A champion and a better challenger, of which something in the model store is changed afterwards."""
    registry = register(uri, folder, GOOD, BETTER)
    store = Path(registry.list_models()[0].bundle_directory)
    if change == "evaluation":
        text = (store / "evaluation.json").read_text()
        auc = json.loads(text)["test"]["auc"]["value"]
        (store / "evaluation.json").write_text(text.replace(str(auc), "0.99"))
    elif change == "bundle":
        result(folder / "other", WORSE, note="other")
        for file in (folder / "other").iterdir():
            (store / file.name).write_bytes(file.read_bytes())
    elif change == "rows":
        (held_out,) = (store.parent / "held_out").iterdir()
        held_out.write_bytes(BETTER.take(BETTER.client_ids[:2_000] - 1).to_parquet())
    elif change == "no evaluation":
        (store / "evaluation.json").unlink()
    elif change == "no rows":
        (held_out,) = (store.parent / "held_out").iterdir()
        held_out.unlink()
    return registry


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("evaluation", "evaluation.json does not match its digest"),
        ("bundle", "the bundle is not the one that was registered"),
        ("rows", "is not the file that was registered"),
        ("no evaluation", "evaluation.json is missing"),
        ("no rows", "held-out rows are missing"),
    ],
)
def test_a_missing_or_altered_evaluation_is_refused(uri: str, tmp_path: Path, change: str, reason: str) -> None:
    registry = tampered(uri, tmp_path, change)
    with pytest.raises(PromotionRefusedError, match=f"evidence: .*{reason}"):
        promote(registry, 2, gates=GATES, who="ben", why="better")
    assert aliases(registry)[1] == ("champion",)
    assert registry.read_audit()[-1].gates == ("evidence",)


def test_an_evaluation_that_claims_more_than_its_rows_show_is_refused(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD)
    claimed = result(tmp_path / "claimed", BETTER)
    shown = result(tmp_path / "shown", WORSE)
    registry.log(replace(claimed, outcomes=shown.outcomes, held_out=WORSE), who="eve", pseudonym=pseudonym)
    with pytest.raises(PromotionRefusedError, match="names another AUC than its held-out rows have"):
        promote(registry, 2, gates=GATES, who="eve", why="best ever")


def test_a_comparison_shows_every_figure(uri: str, tmp_path: Path) -> None:
    verdict = compare_versions(register(uri, tmp_path, GOOD, WORSE), 1, 2, gates=GATES)
    assert (verdict.rows, verdict.defaults) == (6_000, int(GOOD.outcomes.defaulted.sum()))
    assert [one.gate.value for one in verdict.worsenings] == [
        "auc",
        "calibration",
        "cost",
        "approval_ratio",
        "equal_opportunity",
    ]
    assert {refusal.gate.value for refusal in verdict.refusals} >= {"auc", "cost"}


def test_promotions_at_the_same_time_happen_one_after_the_other(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD, BETTER, BETTER)
    errors: list[Exception] = []

    def run(version: int) -> None:
        try:
            promote(make_registry(uri), version, gates=GATES, who=f"operator {version}", why="better")
        except TrainingError as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(version,)) for version in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    first, second = registry.read_audit()[1:]
    assert (first.from_version, second.from_version) == (1, first.to_version)
    assert aliases(registry)[second.to_version] == ("champion",)
    assert {first.to_version, second.to_version} == {2, 3}


def test_rollbacks_go_back_one_champion_at_a_time(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD, BETTER, BETTER)
    promote(registry, 2, gates=GATES, who="ben", why="better")
    promote(registry, 3, gates=GATES, who="ben", why="as good")
    assert rollback(registry, who="carl", why="alert on drift").to_version == 2
    assert rollback(registry, who="carl", why="alert again").to_version == 1
    assert [(entry.action, entry.from_version, entry.to_version) for entry in registry.read_audit()] == [
        ("register", None, 1),
        ("promote", 1, 2),
        ("promote", 2, 3),
        ("rollback", 3, 2),
        ("rollback", 2, 1),
    ]
    with pytest.raises(TrainingError, match="no version was champion before this one"):
        rollback(registry, who="carl", why="once more")


def test_a_rollback_needs_the_bundle_of_the_predecessor_and_not_its_held_out_rows(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD, BETTER)
    promote(registry, 2, gates=GATES, who="ben", why="better")
    store = Path(registry.list_models()[1].bundle_directory)
    shutil.rmtree(store.parent / "held_out")
    assert rollback(registry, who="carl", why="alert on drift").to_version == 1
    assert registry.read_bundle(1).version == registry.list_models()[1].bundle_version


def test_no_rollback_to_a_bundle_that_was_altered(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD, BETTER)
    promote(registry, 2, gates=GATES, who="ben", why="better")
    (Path(registry.list_models()[1].bundle_directory) / "model.txt").write_text("another")
    with pytest.raises(TrainingError, match=r"model\.txt does not match its digest"):
        rollback(registry, who="carl", why="alert on drift")
    assert registry.find_champion() == 2


def test_held_out_rows_in_the_store_carry_no_client_number(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD)
    kept = registry.read_evidence(1).own_rows
    assert len(kept) == len(GOOD)
    assert len(np.intersect1d(kept.client_ids, GOOD.client_ids)) == 0


def test_a_promotion_that_was_cut_short_does_not_mislead_a_rollback(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD, BETTER)
    promote(registry, 2, gates=GATES, who="ben", why="better")
    registry.change_champion("promote", 2, who="ben", why="repeated after a crash")
    assert rollback(registry, who="carl", why="alert").to_version == 1


def test_refuses_a_change_without_version_name_or_reason(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD, BETTER)
    with pytest.raises(TrainingError, match="there is no version 9: see `solvent model list`"):
        promote(registry, 9, gates=GATES, who="ben", why="better")
    with pytest.raises(TrainingError, match="no version is 'best': give its number or an alias"):
        registry.find_version("best")
    for who, why in ((" ", "better"), ("ben", "")):
        with pytest.raises(TrainingError, match="needs a name and a reason"):
            promote(registry, 2, gates=GATES, who=who, why=why)
    assert registry.find_version("challenger") == 2
    assert len(registry.read_audit()) == 1


def test_the_champions_bundle_is_published_whole_and_again_without_effect(uri: str, tmp_path: Path) -> None:
    registry = register(uri, tmp_path, GOOD, BETTER)
    bundles = [registry.read_evidence(version).bundle for version in (1, 2)]
    for bundle in (*bundles, bundles[1]):
        link = publish_champion(bundle, tmp_path / "home" / "models")
        assert read_bundle(link).digest == bundle.digest
    assert sorted(path.name for path in link.parent.iterdir()) == sorted(
        ["champion", *(bundle.version for bundle in bundles)]
    )
