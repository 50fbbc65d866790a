import pytest
from streamlit.testing.v1 import AppTest

from solvent.dashboard.blocks import Table, plain, plain_label, plain_links, plain_with_code, sandboxed, to_csv
from solvent.dashboard.visit import DEFAULTS, KEPT


def test_a_table_becomes_csv() -> None:
    table = Table("amounts", ("decision", "count"), [("approve", 3), ("refuse", None)])
    assert to_csv(table) == b"decision,count\r\napprove,3\r\nrefuse,\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_text_is_no_formula_in_a_spreadsheet(text: str) -> None:
    assert to_csv(Table("t", ("a", "b"), [(text, -1)])) == f"a,b\r\n'{text},-1\r\n".encode()


def test_a_stored_text_is_shown_as_it_is() -> None:
    assert plain("[a](http://x) <b> *c*") == "\\[a\\]\\(http\u200b\\://x\\) \\<b\\> \\*c\\*"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("run `a --b` <b>", r"run `a --b` \<b\>"),
        ("one ` alone *c*", r"one \` alone \*c\*"),
        ("`<b>` and ` `", "`<b>` and  "),
    ],
)
def test_a_command_in_a_stored_text_is_code_and_nothing_else_is(text: str, shown: str) -> None:
    assert plain_with_code(text) == shown


def test_a_stored_text_as_a_label_holds_no_tags() -> None:
    assert plain_label("<b>a</b> & b") == "&lt;b&gt;a&lt;/b&gt; &amp; b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![i](http://x/i.png) <img>", "!&#91;i](http\u200b://x/i.png) &lt;img>"),
        ("\\[i](javascript:alert(1))", "\\&#91;i](javascript:alert(1))"),
        ("HTTPS://evil.test WWW.evil.test", "HTTP\u200bS://evil.test WWW\u200b.evil.test"),
        ("www\\.evil.test &#104;ttp://evil.test", "www\u200b\\.evil.test &amp;#104;ttp://evil.test"),
        ("mail a@evil.test", "mail a@\u200bevil.test"),
    ],
)
def test_a_stored_document_leads_nowhere(text: str, shown: str) -> None:
    assert plain_links(text) == shown


def test_a_stored_report_has_an_origin_of_its_own_and_no_network() -> None:
    framed = sandboxed('<p title="x">report</p>')
    assert framed.startswith('<iframe sandbox="allow-scripts" title="report"')
    assert "default-src &#x27;none&#x27;" in framed
    assert "&lt;p title=&quot;x&quot;&gt;report&lt;/p&gt;" in framed


def show_altered() -> None:
    from solvent.dashboard.blocks import reading_the_log  # noqa: PLC0415 - Streamlit runs the text of this function
    from solvent.dashboard.visit import start_visit  # noqa: PLC0415
    from solvent.errors import AlteredLogError  # noqa: PLC0415

    with reading_the_log(start_visit()):
        raise AlteredLogError("policy.json of model 1 was altered in the log")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "The decision log does not hold what it held:"), ("fr", "Le journal ne contient plus l'original :")],
)
def test_what_was_altered_in_the_log_is_said(monkeypatch: pytest.MonkeyPatch, language: str, sentence: str) -> None:
    monkeypatch.setenv("SOLVENT_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    page = AppTest.from_function(show_altered, default_timeout=30)
    page.session_state[KEPT] = {**DEFAULTS, "lang": language}
    page.run()
    assert [one.value for one in page.error] == [rf"{sentence} policy\.json of model 1 was altered in the log"]
    assert [one.value for one in page.markdown if one.value.startswith("`")] == ["`solvent ledger verify`"]
