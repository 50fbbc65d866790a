import numpy as np

from solvent.world.drawing.marginals import Coded, Table, numbers, texts
from solvent.world.drawing.merging import changed_where, concatenated, rows_of_table


def words(column: Coded) -> list[str | None]:
    return [column.labels[code] if code >= 0 else None for code in column.codes.tolist()]


def test_takes_rows_by_flag_and_by_position() -> None:
    table: Table = {"a": np.array([1.0, 2.0, 3.0]), "b": Coded(np.array([0, -1, 1]), ("x", "y"))}
    assert numbers(rows_of_table(table, np.array([True, False, True])), "a").tolist() == [1.0, 3.0]
    assert words(texts(rows_of_table(table, np.array([2, 1])), "b")) == ["y", None]


def test_joins_texts_with_other_labels() -> None:
    first: Table = {"b": Coded(np.array([0, -1]), ("x",))}
    second: Table = {"b": Coded(np.array([1, 0, -1]), ("z", "x"))}
    assert words(texts(concatenated([first, second]), "b")) == ["x", None, "x", "z", None]


def test_changes_the_columns_of_some_rows_and_leaves_the_others() -> None:
    table: Table = {"a": np.array([1.0, 2.0]), "b": Coded(np.array([0, 0]), ("x",)), "c": np.array([5.0, 6.0])}
    changed: Table = {"a": np.array([9.0, np.nan]), "b": Coded(np.array([-1, 0]), ("new",))}
    after = changed_where(table, changed, np.array([False, True]))
    assert str(numbers(after, "a").tolist()) == "[1.0, nan]"
    assert words(texts(after, "b")) == ["x", "new"]
    assert numbers(after, "c").tolist() == [5.0, 6.0]
    assert numbers(table, "a").tolist() == [1.0, 2.0]
