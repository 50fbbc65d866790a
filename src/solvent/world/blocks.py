"""A block of clients with everything that hangs on them: the unit in which a world is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solvent.world.application.applicants import ApplicationRules, build_rules, make_applications
from solvent.world.application.copula import Copula, Latents, build_copula
from solvent.world.application.hidden import Presence, fit_presence, hidden_values
from solvent.world.clients import ClientFigures, draw_figures
from solvent.world.drawing.draws import Draws
from solvent.world.drawing.marginals import Column, Flags, Floats, Integers, Table
from solvent.world.drawing.merging import rows_of_table
from solvent.world.effects import UNCHANGED, Effect
from solvent.world.loans.bureau import make_bureau
from solvent.world.loans.bureau_months import make_bureau_months
from solvent.world.loans.previous_loans import make_previous
from solvent.world.outcomes import ClientTables, OutcomeModel, draw_outcomes, visible_columns
from solvent.world.payments.loan_histories import make_loan_histories
from solvent.world.published import Facts, load_facts, read_facts

BLOCK_CLIENTS = 1000
"""Clients of one block. A block has its own random streams, so this number is part of what a seed means."""

REFERENCE_CLIENTS = 30_000
REFERENCE_SEED = 20_180_518
"""The draw on which thresholds are fitted; the same for every world, whatever its seed."""

FIRST_CLIENT, FIRST_PREVIOUS, FIRST_BUREAU = 100_001, 1_000_001, 5_000_001
KEYS_PER_BLOCK = 20_000
"""Room for SK_ID_PREV and SK_ID_BUREAU of a block; a block of 1,000 clients uses about 4,700 of either.

A block under an effect uses the upper half, so that it can be mixed with the one without.
"""

TEST_SHARE = 48_744 / 356_255
"""Share of the clients in application_test, as in the real tables (histories.json, full_rows)."""

_STREAMS = ("latents", "application", "outcome", "split", "bureau", "previous", "payments", "cards", "effect")
PLANTING_STREAM = len(_STREAMS)
"""First stream of a block that is free for what is planned over the blocks."""


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

    `tables` has "application" with TARGET for every client; `is_test` (n,) says who goes to application_test,
    `affected` (n,) whom the effect reached.
    """

    tables: Mapping[str, Table]
    is_test: Flags
    probability: Floats
    defaulted: Flags
    affected: Flags


def build_lender() -> Lender:
    """Read the facts and fit copula, rules and outcomes: made once, used for every block."""
    facts = load_facts()
    copula = build_copula(facts)
    reference = copula.draw(Draws.stream(REFERENCE_SEED), REFERENCE_CLIENTS)
    presence = fit_presence(reference)
    outcomes = OutcomeModel.from_json(read_facts("truth"))
    return Lender(facts, copula, presence, build_rules(facts, reference), outcomes)


@dataclass(frozen=True)
class DrawnClients:
    """A full block of clients before outcomes: application columns, and history rows with the client of each."""

    application: Table
    histories: Mapping[str, tuple[Table, Integers]]

    @property
    def visible(self) -> dict[str, Column]:
        """What the truth can read of each client."""
        return visible_columns(self.application, ClientTables(BLOCK_CLIENTS, self.histories))


def draw_clients(lender: Lender, latents: Latents, streams: Mapping[str, Draws], *, complete: Flags) -> DrawnClients:
    """Draw the tables of the clients that the latents stand for; `complete` ones have all their bureau months."""
    hidden = hidden_values(latents, lender.presence)
    application = make_applications(
        (lender.facts, lender.rules, lender.presence), latents, hidden, streams["application"]
    )
    figures = draw_figures(lender.facts, lender.presence, latents, hidden)
    return DrawnClients(application, _histories(lender.facts, figures, streams, complete))


def streams_of(seed: int, index: int) -> dict[str, Draws]:
    """Return the random streams of a block by name."""
    return {name: Draws.stream(seed, index, number) for number, name in enumerate(_STREAMS)}


def make_block(
    lender: Lender, seed: int, index: int, clients: int = BLOCK_CLIENTS, *, effect: Effect = UNCHANGED
) -> Block:
    """Draw block `index` of the world `seed` and return its first `clients` clients (1 to `BLOCK_CLIENTS`).

    Under an effect all that does not depend on it is drawn as without it.
    """
    streams = streams_of(seed, index)
    affected = streams["effect"].chance(effect.share, BLOCK_CLIENTS)
    latents = effect.on_latents(lender.copula.draw(streams["latents"], BLOCK_CLIENTS), affected)
    is_test = streams["split"].chance(TEST_SHARE, BLOCK_CLIENTS)
    drawn = draw_clients(lender, latents, streams, complete=is_test)
    probability = effect.on_probability(lender.outcomes.probability(drawn.visible), affected)
    defaulted = draw_outcomes(probability, streams["outcome"])
    application = effect.on_record(drawn.application, affected, streams["effect"])
    application["TARGET"] = defaulted.astype(np.float64)
    tables = {**drawn.histories, "application": (application, np.arange(BLOCK_CLIENTS, dtype=np.int64))}
    first_key = index * KEYS_PER_BLOCK + (0 if effect is UNCHANGED else KEYS_PER_BLOCK // 2)
    kept = {name: _first_clients(table, client, clients, first_key) for name, (table, client) in tables.items()}
    for table in kept.values():
        table["SK_ID_CURR"] = np.asarray(table["SK_ID_CURR"]) + index * BLOCK_CLIENTS
    first = slice(0, clients)
    return Block(kept, is_test[first], probability[first], defaulted[first], affected[first])


def _histories(
    facts: Facts, figures: ClientFigures, streams: Mapping[str, Draws], complete: Flags
) -> dict[str, tuple[Table, Integers]]:
    """Return the history tables with the keys of their loans counted from 0, and the client of each row."""
    bureau = make_bureau(facts, figures, streams["bureau"])
    months, bureau_of = make_bureau_months(facts, figures, bureau, streams["bureau"], complete=complete)
    previous = make_previous(facts, figures, streams["previous"])
    histories = make_loan_histories(facts, figures, previous, (streams["payments"], streams["cards"]))
    owner = previous.rows.owner
    loans = np.arange(owner.shape[0], dtype=np.int64)
    return {
        "bureau": ({**bureau.table, "SK_ID_BUREAU": np.arange(bureau.rows.owner.shape[0])}, bureau.rows.owner),
        "bureau_balance": ({**months, "SK_ID_BUREAU": bureau_of}, bureau.rows.owner[bureau_of]),
        "previous_application": (
            {**previous.table, "DAYS_TERMINATION": histories.terminated, "SK_ID_PREV": loans},
            owner,
        ),
        **histories.tables,
    }


def _first_clients(table: Table, client: Integers, clients: int, first_key: int) -> Table:
    """Return the rows of the block's first clients, with keys of loans that are unique over the world."""
    keep = client < clients
    kept = rows_of_table(table, keep)
    for key, first in (("SK_ID_PREV", FIRST_PREVIOUS), ("SK_ID_BUREAU", FIRST_BUREAU)):
        if key in kept:
            kept[key] = np.asarray(kept[key]) + first + first_key
    return {**kept, "SK_ID_CURR": client[keep] + FIRST_CLIENT}
