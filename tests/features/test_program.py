from dataclasses import replace

import orjson
import pytest
from small_programs import application, bureau, compile_all, pos, previous

from solvent.errors import FeatureError
from solvent.features.aggregates import grouped, latest, lookup, mean, share
from solvent.features.compilation import compile_features
from solvent.features.language import feature, is_sentinel, when
from solvent.features.program import Program

SMALL = compile_features(
    [
        feature(
            "pos_late_share_last_3", share(pos.SK_DPD > 0, last=3, by=pos.MONTHS_BALANCE),
            unit="share", meaning="late months", reason="PAYMENT_DELAYS",
        ),
        feature(
            "application_contract", application.NAME_CONTRACT_TYPE,
            unit="category", meaning="product", reason="LOAN_TERMS",
        ),
    ]
)  # fmt: skip
SMALL_JSON = (
    b'{"columns":{"POS_CASH_balance":{"MONTHS_BALANCE":{"kind":"number","maximum":0.0,"minimum":-120.0},'
    b'"SK_DPD":{"kind":"number","maximum":10000.0,"minimum":0.0},"SK_ID_PREV":{"kind":"number"}},'
    b'"application":{"NAME_CONTRACT_TYPE":{"categories":["Cash loans","Revolving loans"],"kind":"category"}}},'
    b'"features":[{"name":"pos_late_share_last_3","node":6,"unit":"share","meaning":"late months",'
    b'"reason_code":"PAYMENT_DELAYS","categories":[],"sources":["POS_CASH_balance.MONTHS_BALANCE",'
    b'"POS_CASH_balance.SK_DPD","POS_CASH_balance.SK_ID_PREV"]},{"name":"application_contract","node":3,'
    b'"unit":"category","meaning":"product","reason_code":"LOAN_TERMS","categories":["Cash loans","Revolving loans"],'
    b'"sources":["application.NAME_CONTRACT_TYPE"]}],"nodes":['
    b'{"kind":"number","level":{"table":"POS_CASH_balance","per":""},"name":"SK_DPD","op":"column"},'
    b'{"kind":"number","level":{"table":"POS_CASH_balance","per":""},"name":"MONTHS_BALANCE","op":"column"},'
    b'{"kind":"number","level":{"table":"POS_CASH_balance","per":""},"name":"SK_ID_PREV","op":"column"},'
    b'{"categories":["Cash loans","Revolving loans"],"kind":"category","level":{"table":"application","per":""},'
    b'"name":"NAME_CONTRACT_TYPE","op":"column"},{"kind":"number","level":{"table":"","per":""},"op":"number"},'
    b'{"kind":"flag","level":{"table":"POS_CASH_balance","per":""},"of":[4,0],"op":"less"},'
    b'{"by":[1,2,0],"kind":"number","last":3,"level":{"table":"application","per":""},"of":[5],"op":"aggregate",'
    b'"statistic":"share"}],"protocol":1}'
)
SMALL_JSON_2 = SMALL_JSON.replace(
    b'"protocol":1}', b'"protocol":2,"row_dates":{"POS_CASH_balance":["MONTHS_BALANCE"]}}'
)
SMALL_DIGEST = "7baa8e56f34e0e35e8e4a84566ccfe0549bdd54cbe3ce6d60abad05e7802af2f"


def test_renders_protocol_2_as_it_was_frozen() -> None:
    assert SMALL.to_json() == SMALL_JSON_2
    assert Program.from_json(SMALL_JSON_2) == SMALL


def test_reads_protocol_1_as_it_was_frozen_and_keeps_its_digest() -> None:
    program = Program.from_json(SMALL_JSON)
    assert program == replace(SMALL, row_dates={})
    assert program.to_json() == SMALL_JSON
    assert program.digest == SMALL_DIGEST


def test_every_option_of_a_node_survives_json() -> None:
    loan = grouped(pos, by="SK_ID_PREV").value(latest(pos.NAME_CONTRACT_STATUS, by=pos.MONTHS_BALANCE))
    program = compile_all(
        share(lookup(loan, into=previous).is_in("Active", "Signed"), where=is_sentinel(previous.DAYS_LAST_DUE)),
        mean(bureau.AMT_ANNUITY * 0.5, last=2, by=bureau.DAYS_CREDIT, where=bureau.CREDIT_ACTIVE == "Active"),
        when(application.AMT_CREDIT > 1e-3, 1.0, 0.0),
    )
    assert Program.from_json(program.to_json()) == program
    assert Program.from_json(program.to_json()).to_json() == program.to_json()


def test_another_declaration_gives_another_digest() -> None:
    assert compile_all(application.AMT_CREDIT).digest != compile_all(application.AMT_CREDIT + 1).digest


def test_refuses_an_unknown_protocol() -> None:
    with pytest.raises(FeatureError, match="feature program of protocol 3: this version reads 1 to 2"):
        Program.from_json(SMALL_JSON.replace(b'"protocol":1', b'"protocol":3'))


@pytest.mark.parametrize(
    ("found", "replacement"),
    [
        (b'"protocol":1}', b'"protocol":1'),
        (b'"protocol":1', b'"format":1'),
        (b'"nodes":[', b'"nodes":[null,'),
        (b'"nodes":[', b'"nodes":["text",'),
        (b'"op":"less"', b'"oq":"less"'),
        (b'"kind":"flag"', b'"kind":"flat"'),
        (b'"of":[4,0]', b'"of":[9,0]'),
        (b'"of":[4,0]', b'"of":[-1,0]'),
        (b'"node":6', b'"node":7'),
        (b'"unit":"share",', b""),
        (b'{"kind":"number"}', b"[]"),
    ],
)
def test_refuses_a_damaged_program(found: bytes, replacement: bytes) -> None:
    assert found in SMALL_JSON
    with pytest.raises(FeatureError, match=r"this is not a feature program: take the bundle's features.json unchanged"):
        Program.from_json(SMALL_JSON.replace(found, replacement))


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"\xff", b'{"protocol":1,"columns":[],"nodes":[],"features":[]}']
)
def test_refuses_what_is_no_program(content: bytes) -> None:
    with pytest.raises(FeatureError, match="this is not a feature program"):
        Program.from_json(content)


def test_names_features_and_category_positions_in_order() -> None:
    assert SMALL.names == ("pos_late_share_last_3", "application_contract")
    assert SMALL.category_positions == (1,)


def test_tells_what_depends_on_the_application() -> None:
    program = compile_all(mean(bureau.AMT_ANNUITY), mean(bureau.AMT_ANNUITY - application.AMT_ANNUITY))
    free, bound = program.history_aggregates
    assert [program.nodes[node].op for node in (free, bound)] == ["aggregate", "aggregate"]
    assert (free in program.application_bound, bound in program.application_bound) == (False, True)


def test_lists_what_a_node_rests_on_but_not_behind_what_is_given() -> None:
    program = compile_all(mean(bureau.AMT_ANNUITY) + application.AMT_ANNUITY)
    ops = {position: node.op for position, node in enumerate(program.nodes)}
    root = program.features[0].node
    assert [ops[node] for node in program.needed_by([root])] == ["column", "column", "aggregate", "add"]
    (mean_node,) = program.history_aggregates
    needed = program.needed_by([root], given={mean_node})
    assert [(ops[node], program.nodes[node].level.table) for node in needed] == [
        ("column", "application"),
        ("add", "application"),
    ]


def test_damage_is_found_before_a_program_is_built() -> None:
    document = orjson.loads(SMALL_JSON)
    document["features"] = [{"name": "x"}]
    with pytest.raises(FeatureError, match="this is not a feature program"):
        Program.from_json(orjson.dumps(document))
