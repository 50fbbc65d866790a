from pathlib import Path

import duckdb
import pyarrow
import pyarrow.parquet
import pytest
from table_folder import TableFolder

from solvent.errors import TablesError
from solvent.tables.files import TableFile, read_csv_header
from solvent.tables.reading import open_tables, translated_errors

TRAIN = "application_train"
APPLICANT = "Jean Dupont"


@pytest.fixture
def folder(tmp_path: Path) -> TableFolder:
    """An empty folder for raw tables."""
    return TableFolder(tmp_path)


@pytest.fixture
def full_folder(folder: TableFolder) -> TableFolder:
    """All eight files, with nothing wrong."""
    folder.write_plain()
    return folder


def read(path: Path, table: str, columns: str) -> list[tuple[object, ...]]:
    with open_tables(path) as tables, translated_errors():
        return list(tables.connection.view(table).project(columns).order("1 NULLS FIRST").fetchall())


def test_names_the_files_that_are_there(folder: TableFolder) -> None:
    folder.write(TRAIN, {})
    folder.write("bureau", {})
    with open_tables(folder.path) as tables:
        assert tables.present == frozenset({"application_train", "bureau"})


def test_types_each_column_by_its_kind(full_folder: TableFolder) -> None:
    with open_tables(full_folder.path) as tables:
        types = [str(kind) for kind in tables.connection.view("bureau").types]
    assert types[:5] == ["BIGINT", "BIGINT", "VARCHAR", "VARCHAR", "DOUBLE"]


def test_puts_train_and_test_together_without_a_target_for_test(full_folder: TableFolder) -> None:
    assert read(full_folder.path, "application", "SK_ID_CURR, TARGET, AMT_CREDIT") == [
        (1, 0.0, 500000.0),
        (2, None, 200000.0),
    ]


def test_applications_to_score_are_enough(folder: TableFolder) -> None:
    folder.write("application_test", {})
    assert read(folder.path, "application", "SK_ID_CURR, TARGET") == [(2, None)]


def test_an_absent_history_is_an_empty_view_with_all_its_columns(folder: TableFolder) -> None:
    folder.write(TRAIN, {})
    with open_tables(folder.path) as tables:
        view = tables.connection.view("bureau_balance")
        assert (view.columns, view.fetchall()) == (["SK_ID_BUREAU", "MONTHS_BALANCE", "STATUS"], [])


def test_a_header_without_rows_is_an_empty_table(folder: TableFolder) -> None:
    folder.write(TRAIN)
    assert read(folder.path, "application", "SK_ID_CURR") == []


def test_finds_columns_by_name_in_any_order(folder: TableFolder) -> None:
    folder.write(TRAIN, {"OWN_CAR_AGE": "7"}, header=folder.header(TRAIN)[::-1])
    assert read(folder.path, "application", "SK_ID_CURR, OWN_CAR_AGE, NAME_CONTRACT_TYPE") == [(1, 7.0, "Cash loans")]


def test_an_unknown_column_is_left_out_and_named(folder: TableFolder) -> None:
    header = [*folder.header(TRAIN), 'odd "name"']
    folder.write(TRAIN, {'odd "name"': "x", "OWN_CAR_AGE": "3"}, header=header)
    with open_tables(folder.path) as tables:
        assert tables.unknown_columns == {TRAIN: ('odd "name"',)}
        assert tables.connection.view("application").columns == folder.header(TRAIN)


def test_a_target_in_the_test_file_is_not_read(folder: TableFolder) -> None:
    folder.write("application_test", {"TARGET": "1"}, header=["TARGET", *folder.header("application_test")])
    assert read(folder.path, "application", "SK_ID_CURR, TARGET") == [(2, None)]


def test_empty_and_non_finite_values_are_missing_and_sentinels_stay(folder: TableFolder) -> None:
    folder.write(
        TRAIN,
        {"SK_ID_CURR": "1", "DAYS_EMPLOYED": "365243", "CODE_GENDER": "XNA"},
        {"SK_ID_CURR": "2", "DAYS_EMPLOYED": "NaN", "CODE_GENDER": ""},
        {"SK_ID_CURR": "3", "DAYS_EMPLOYED": "-inf", "CODE_GENDER": "F"},
        {"SK_ID_CURR": "4", "DAYS_EMPLOYED": "", "CODE_GENDER": "M"},
    )
    assert read(folder.path, "application", "SK_ID_CURR, DAYS_EMPLOYED, CODE_GENDER") == [
        (1, 365243.0, "XNA"),
        (2, None, None),
        (3, None, "F"),
        (4, None, "M"),
    ]


def test_a_key_that_is_no_whole_number_names_no_client(folder: TableFolder) -> None:
    folder.write(TRAIN, *({"SK_ID_CURR": key} for key in ("2.7", "NaN", "inf", "1e300", "", "5")))
    assert read(folder.path, "application", "SK_ID_CURR") == [(None,), (None,), (None,), (None,), (None,), (5,)]


def test_reads_quoted_text_with_commas_and_quotes(folder: TableFolder) -> None:
    folder.write(TRAIN, {"NAME_TYPE_SUITE": "Spouse, partner", "OCCUPATION_TYPE": 'the "boss"'})
    assert read(folder.path, "application", "NAME_TYPE_SUITE, OCCUPATION_TYPE") == [("Spouse, partner", 'the "boss"')]


def test_reads_a_file_with_a_byte_order_mark_and_windows_line_ends(folder: TableFolder) -> None:
    path = folder.write(TRAIN, {})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read(folder.path, "application", "SK_ID_CURR, DAYS_BIRTH") == [(1, -12000.0)]


def test_reads_parquet_of_other_number_types(folder: TableFolder) -> None:
    folder.write(TRAIN, {"EXT_SOURCE_1": "0.5", "FLAG_MOBIL": "true", "CNT_CHILDREN": "2"})
    folder.to_parquet(
        TRAIN, SK_ID_CURR="INTEGER", EXT_SOURCE_1="FLOAT", FLAG_MOBIL="BOOLEAN", CNT_CHILDREN="DECIMAL(12, 2)"
    )
    columns = "SK_ID_CURR, EXT_SOURCE_1, FLAG_MOBIL, CNT_CHILDREN, CODE_GENDER"
    assert read(folder.path, "application", columns) == [(1, 0.5, 1.0, 2.0, None)]


def test_joins_a_parquet_train_with_a_csv_test(full_folder: TableFolder) -> None:
    full_folder.to_parquet(TRAIN)
    assert read(full_folder.path, "application", "SK_ID_CURR, TARGET") == [(1, 0.0), (2, None)]


def test_reads_a_folder_whose_name_looks_like_a_pattern(folder: TableFolder) -> None:
    inner = folder.path / "it's [all] *.csv?"
    inner.mkdir()
    folder.write(TRAIN, {}).rename(inner / f"{TRAIN}.csv")
    assert read(inner, "application", "SK_ID_CURR") == [(1,)]


def test_closing_removes_the_folder_for_temporary_files(folder: TableFolder) -> None:
    folder.write(TRAIN, {})
    with open_tables(folder.path) as tables:
        assert tables.spill_directory.is_dir()
    assert not tables.spill_directory.exists()


def test_uses_the_memory_and_threads_that_it_is_given(folder: TableFolder) -> None:
    folder.write(TRAIN, {})
    with open_tables(folder.path, memory_limit="300MiB", threads=1) as tables:
        settings = tables.connection.sql("SELECT current_setting('memory_limit'), current_setting('threads')")
        assert settings.fetchall() == [("300.0 MiB", 1)]


def test_refuses_a_memory_limit_without_a_number(folder: TableFolder) -> None:
    folder.write(TRAIN, {})
    with pytest.raises(TablesError, match="give a memory limit such as"):
        open_tables(folder.path, memory_limit="much")


def test_refuses_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(TablesError, match="nowhere does not exist: give the folder"):
        open_tables(tmp_path / "nowhere")


def test_refuses_a_file_in_place_of_the_folder(folder: TableFolder) -> None:
    with pytest.raises(TablesError, match=r"application_train.csv is not a folder: give the folder"):
        open_tables(folder.write(TRAIN, {}))


def test_refuses_a_folder_without_applications(folder: TableFolder) -> None:
    folder.write("bureau", {})
    with pytest.raises(TablesError, match="holds no applications: add application_train or application_test"):
        open_tables(folder.path)


def test_refuses_a_table_that_comes_in_both_formats(full_folder: TableFolder) -> None:
    full_folder.to_parquet("bureau")
    full_folder.write("bureau", {})
    with pytest.raises(TablesError, match=r"holds both bureau.csv and bureau.parquet: remove one"):
        open_tables(full_folder.path)


@pytest.mark.parametrize(
    "content",
    [
        bytes(range(256)) * 40,
        b"SK_ID_CURR\0TARGET\n",
        b"x" * 200_000,
        b'"' + b"x" * 99_000,
        "SK_ID_CURR,TARGET\n1,0\n".encode("utf-16"),
        b"SK_ID_CURR\rTARGET\r\n",
    ],
    ids=["junk", "zero byte", "endless line", "open quote", "utf-16", "bare carriage return"],
)
def test_refuses_a_file_that_is_no_csv(folder: TableFolder, content: bytes) -> None:
    (folder.path / f"{TRAIN}.csv").write_bytes(content)
    with pytest.raises(
        TablesError, match=r"^application_train.csv (is not a CSV file in UTF-8: export|lacks the columns)"
    ):
        open_tables(folder.path)


@pytest.mark.parametrize("content", [b"", b"\n1,0\n", b"\xef\xbb\xbf"])
def test_refuses_a_file_without_a_header(folder: TableFolder, content: bytes) -> None:
    (folder.path / f"{TRAIN}.csv").write_bytes(content)
    with pytest.raises(TablesError, match=r"application_train.csv has no header: its first line must hold"):
        open_tables(folder.path)


def test_refuses_a_table_that_lacks_a_column(full_folder: TableFolder) -> None:
    header = [name for name in full_folder.header("bureau") if name != "CREDIT_TYPE"]
    full_folder.write("bureau", {}, header=header)
    with pytest.raises(TablesError, match=r"^bureau.csv lacks the column CREDIT_TYPE: add it to the file"):
        open_tables(full_folder.path)


def test_takes_a_first_line_of_data_for_a_header_without_repeating_it(folder: TableFolder) -> None:
    (folder.path / f"{TRAIN}.csv").write_text(f"1,0,{APPLICANT}\n")
    with pytest.raises(TablesError) as caught:
        open_tables(folder.path)
    assert str(caught.value) == (
        "application_train.csv lacks the columns SK_ID_CURR, TARGET, NAME_CONTRACT_TYPE and 119 more: "
        "add them to the file, with their names in line 1"
    )


@pytest.mark.parametrize("double", ["AMT_CREDIT", "amt_credit"])
def test_refuses_a_column_that_comes_twice(folder: TableFolder, double: str) -> None:
    header = ",".join([*folder.header(TRAIN), double])
    (folder.path / f"{TRAIN}.csv").write_text(f"{header}\n")
    with pytest.raises(TablesError, match=r"application_train.csv has the column AMT_CREDIT more than once: keep one"):
        open_tables(folder.path)


def test_names_the_line_and_column_of_text_among_numbers_and_hides_the_text(folder: TableFolder) -> None:
    folder.write(TRAIN, {}, {"AMT_CREDIT": APPLICANT})
    with pytest.raises(TablesError) as caught:
        read(folder.path, "application", "AMT_CREDIT")
    assert str(caught.value) == (
        "application_train.csv, line 3: AMT_CREDIT holds text where a number belongs: correct that line"
    )
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"10,-1", "does not have as many fields as the header"),
        (b'10,-1,"0', "opens a quote that is not closed"),
        (b"10,-1,\xff\xfe", "is not in UTF-8"),
    ],
    ids=["too few fields", "open quote", "other encoding"],
)
def test_names_a_broken_line(full_folder: TableFolder, line: bytes, fault: str) -> None:
    (full_folder.path / "bureau_balance.csv").write_bytes(b"SK_ID_BUREAU,MONTHS_BALANCE,STATUS\n10,-1,0\n" + line)
    with pytest.raises(TablesError) as caught:
        read(full_folder.path, "bureau_balance", "*")
    assert str(caught.value) == f"bureau_balance.csv: line 3 {fault}: correct that line, or export the file again"


@pytest.mark.parametrize("kept", [0, 3, 500])
def test_refuses_a_truncated_parquet_file(folder: TableFolder, kept: int) -> None:
    folder.write(TRAIN, {})
    path = folder.to_parquet(TRAIN)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(
        TablesError, match=r"application_train.parquet is not a whole Parquet file: write or copy it again"
    ):
        open_tables(folder.path)


@pytest.mark.parametrize("start", [4, 30, 40])
def test_says_so_when_the_data_in_a_parquet_file_are_damaged(full_folder: TableFolder, start: int) -> None:
    full_folder.write("bureau_balance", *({"MONTHS_BALANCE": f"-{month}"} for month in range(96)))
    path = full_folder.to_parquet("bureau_balance")
    whole = path.read_bytes()
    path.write_bytes(whole[:start] + b"\x55" * 60 + whole[start + 60 :])
    with pytest.raises(TablesError, match="is damaged or gone"):
        read(full_folder.path, "bureau_balance", "*")


def test_says_so_when_a_file_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(TablesError, match=r"bureau.csv cannot be opened \(No such file or directory\): check"):
        read_csv_header(TableFile("bureau", tmp_path / "bureau.csv"))


def test_says_so_when_a_file_goes_away_after_opening(full_folder: TableFolder) -> None:
    with open_tables(full_folder.path) as tables:
        (full_folder.path / "bureau.csv").unlink()
        with (
            pytest.raises(TablesError, match=r"^bureau.csv cannot be read: it is damaged or gone"),
            translated_errors(),
        ):
            tables.connection.view("bureau").fetchall()


@pytest.mark.parametrize(
    ("column", "type_name", "wanted"),
    [("AMT_CREDIT", "VARCHAR", "a number"), ("AMT_CREDIT", "DOUBLE[]", "a number"), ("CODE_GENDER", "INTEGER", "text")],
)
def test_refuses_a_parquet_column_of_the_wrong_type(
    folder: TableFolder, column: str, type_name: str, wanted: str
) -> None:
    folder.write(TRAIN, {"AMT_CREDIT": "[1]" if type_name == "DOUBLE[]" else "1"})
    folder.to_parquet(TRAIN, **{column: type_name})
    message = rf"application_train.parquet: the column {column} is not stored as {wanted}: write it again as {wanted}"
    with pytest.raises(TablesError, match=message):
        open_tables(folder.path)


def test_takes_a_parquet_column_of_nothing_but_nulls(folder: TableFolder) -> None:
    folder.write(TRAIN, {})
    path = folder.to_parquet(TRAIN)
    table = pyarrow.parquet.read_table(path)
    position = table.column_names.index("OCCUPATION_TYPE")
    pyarrow.parquet.write_table(table.set_column(position, "OCCUPATION_TYPE", pyarrow.nulls(1)), path)
    assert read(folder.path, "application", "SK_ID_CURR, OCCUPATION_TYPE") == [(1, None)]


def test_asks_for_memory_when_there_is_too_little(folder: TableFolder) -> None:
    folder.write(TRAIN, {})
    with open_tables(folder.path, memory_limit="20MB", threads=1) as tables:
        tables.connection.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(TablesError, match="needs more memory: raise the memory limit"), translated_errors():
            tables.connection.sql("SELECT list(range) FROM range(20000000)").fetchall()


def test_leaves_mistakes_in_a_query_alone(folder: TableFolder) -> None:
    folder.write(TRAIN, {})
    with open_tables(folder.path) as tables, pytest.raises(duckdb.BinderException), translated_errors():
        tables.connection.sql("SELECT nothing FROM application")


def test_says_what_to_look_at_when_no_file_is_to_blame() -> None:
    with pytest.raises(TablesError, match="or the space for temporary files is used up"), translated_errors():
        raise duckdb.IOException("No space left on device")
