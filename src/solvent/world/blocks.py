"""A block of clients with everything that hangs on them: the unit in which a world is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.applicants import ApplicationRules, build_rules, make_applications
from solvent.world.bureau import make_bureau
from solvent.world.bureau_months import make_bureau_months
from solvent.world.cards import make_card_instalments, make_statements
from solvent.world.clients import ClientFigures, draw_figures
from solvent.world.copula import Copula, build_copula
from solvent.world.draws import Draws
from solvent.world.hidden import Presence, fit_presence, hidden_values
from solvent.world.marginals import Coded, Flags, Floats, Integers, Table, numbers
from solvent.world.outcomes import OutcomeModel, draw_outcomes, fit_outcomes
from solvent.world.payments import make_instalments, make_pos_months
from solvent.world.previous_loans import make_previous
from solvent.world.published import Facts, load_facts

BLOCK_CLIENTS = 1000
"""Clients of one block. A block has its own random streams, so this number is part of what a seed means."""

REFERENCE_CLIENTS = 30_000
REFERENCE_SEED = 20_180_518
"""The draw on which thresholds are fitted; the same for every world, whatever its seed."""

FIRST_CLIENT, FIRST_PREVIOUS, FIRST_BUREAU = 100_001, 1_000_001, 5_000_001
KEYS_PER_BLOCK = 20_000
"""Room for SK_ID_PREV and SK_ID_BUREAU of a block; a block of 1,000 clients uses about 4,700 of either."""

TEST_SHARE = 48_744 / 356_255
"""Share of the clients in application_test, as in the real tables (histories.json, full_rows)."""

_STREAMS = ("latents", "application", "outcome", "split", "bureau", "previous", "payments", "cards")


@dataclass(frozen=True)
class Lender:
    """Everything fitted once per call: the facts, and what was derived from them."""

    facts: Facts
    copula: Copula
    presence: Presence
    rules: ApplicationRules
    outcomes: OutcomeModel


@dataclass(frozen=True)
class Block:
    """The tables of one block by raw name; rows are in client order.

    `tables` has "application" with TARGET for every client; `is_test` (n,) says who goes to application_test.
    """

    tables: Mapping[str, Table]
    is_test: Flags
    probability: Floats
    defaulted: Flags


def build_lender() -> Lender:
    """Read the facts and fit copula, rules and outcomes, in about half a second."""
    facts = load_facts()
    copula = build_copula(facts)
    reference = copula.draw(Draws.stream(REFERENCE_SEED), REFERENCE_CLIENTS)
    presence = fit_presence(reference)
    outcomes = fit_outcomes(reference, hidden_values(reference, presence), facts.default_rate)
    return Lender(facts, copula, presence, build_rules(facts, reference), outcomes)


def make_block(lender: Lender, seed: int, index: int, clients: int = BLOCK_CLIENTS) -> Block:
    """Draw block `index` of the world `seed` and return its first `clients` clients (1 to `BLOCK_CLIENTS`)."""
    streams = {name: Draws.stream(seed, index, number) for number, name in enumerate(_STREAMS)}
    latents = lender.copula.draw(streams["latents"], BLOCK_CLIENTS)
    hidden = hidden_values(latents, lender.presence)
    probability = lender.outcomes.probability(latents, hidden)
    defaulted = draw_outcomes(probability, streams["outcome"])
    is_test = streams["split"].chance(TEST_SHARE, BLOCK_CLIENTS)
    application = make_applications(
        (lender.facts, lender.rules, lender.presence), latents, hidden, streams["application"]
    )
    application["TARGET"] = defaulted.astype(np.float64)
    tables = _histories(lender.facts, draw_figures(lender.facts, lender.presence, latents, hidden), streams)
    tables["application"] = (application, np.arange(BLOCK_CLIENTS, dtype=np.int64))
    kept = {name: _first_clients(table, client, (index, clients)) for name, (table, client) in tables.items()}
    first = slice(0, clients)
    return Block(kept, is_test[first], probability[first], defaulted[first])


def _histories(facts: Facts, figures: ClientFigures, streams: Mapping[str, Draws]) -> dict[str, tuple[Table, Integers]]:
    """Return the history tables with the keys of their loans counted from 0, and the client of each row."""
    bureau = make_bureau(facts, figures, streams["bureau"])
    months, bureau_of = make_bureau_months(facts, figures, bureau, streams["bureau"])
    previous = make_previous(facts, figures, streams["previous"])
    pos, pos_loan = make_pos_months(figures, previous, streams["payments"])
    paid, paid_loan = make_instalments(figures, previous, streams["payments"])
    statements, card = make_statements(figures, previous, streams["cards"])
    by_card, by_card_loan = make_card_instalments(statements, card, streams["cards"])
    instalments, instalment_loan = _joined((paid, paid_loan), (by_card, by_card_loan))
    owner = previous.rows.owner
    loans = np.arange(owner.shape[0], dtype=np.int64)
    return {
        "bureau": ({**bureau.table, "SK_ID_BUREAU": np.arange(bureau.rows.owner.shape[0])}, bureau.rows.owner),
        "bureau_balance": ({**months, "SK_ID_BUREAU": bureau_of}, bureau.rows.owner[bureau_of]),
        "previous_application": ({**previous.table, "SK_ID_PREV": loans}, owner),
        "POS_CASH_balance": ({**pos, "SK_ID_PREV": pos_loan}, owner[pos_loan]),
        "installments_payments": ({**instalments, "SK_ID_PREV": instalment_loan}, owner[instalment_loan]),
        "credit_card_balance": ({**statements, "SK_ID_PREV": card}, owner[card]),
    }


def _joined(first: tuple[Table, Integers], second: tuple[Table, Integers]) -> tuple[Table, Integers]:
    """Return the rows of both tables in the order of their loans; both hold numbers only."""
    loan = np.concatenate([first[1], second[1]])
    order = np.argsort(loan, kind="stable")
    joined: Table = {
        name: np.concatenate([np.asarray(values), numbers(second[0], name)])[order] for name, values in first[0].items()
    }
    return joined, loan[order]


def _first_clients(table: Table, client: Integers, cut: tuple[int, int]) -> Table:
    """Return the rows of the block's first clients, with keys that are unique over the world."""
    index, clients = cut
    keep = client < clients
    kept: Table = {
        name: Coded(column.codes[keep], column.labels) if isinstance(column, Coded) else column[keep]
        for name, column in table.items()
    }
    for key, first in (("SK_ID_PREV", FIRST_PREVIOUS), ("SK_ID_BUREAU", FIRST_BUREAU)):
        if key in kept:
            kept[key] = np.asarray(kept[key]) + first + index * KEYS_PER_BLOCK
    kept["SK_ID_CURR"] = client[keep] + FIRST_CLIENT + index * BLOCK_CLIENTS
    return kept
