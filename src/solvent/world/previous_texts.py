"""What an earlier application says in words: contract, decision, product, channel, goods, reject reason."""

import numpy as np

from solvent.world.draws import Draws
from solvent.world.marginals import Coded, Flags, Integers, Table
from solvent.world.published import Facts
from solvent.world.rows import choose, choose_by

CASH, CONSUMER, REVOLVING = 0, 1, 2
_TYPES = ("Cash loans", "Consumer loans", "Revolving loans", "XNA")
APPROVED, CANCELED, REFUSED, UNUSED = 0, 1, 2, 3
_STATUSES = ("Approved", "Canceled", "Refused", "Unused offer")


def draw_texts(facts: Facts, known: tuple[Integers, Integers], draws: Draws) -> dict[str, Coded]:
    """Return the text columns that follow from contract kind and decision code of each row."""
    kind, status = known
    size = kind.shape[0]
    shares = facts.histories["previous_application"]
    contract = Coded(np.where((status == CANCELED) & draws.chance(0.0016, size), 3, kind), _TYPES)
    texts = {"NAME_CONTRACT_TYPE": contract, "NAME_CONTRACT_STATUS": Coded(status, _STATUSES)}
    for name in ("NAME_GOODS_CATEGORY", "CHANNEL_TYPE", "NAME_CLIENT_TYPE"):
        texts[name] = choose_by(contract, shares[name], draws)
    unpriced = (status == CANCELED) | (contract.codes == len(_TYPES) - 1)
    texts.update(_products(facts, contract, unpriced, draws))
    reject = choose(shares["reject_reason"], size, draws)
    codes = np.where(
        status == REFUSED, reject.codes, np.where(status == UNUSED, len(reject.labels) + 1, len(reject.labels))
    )
    texts["CODE_REJECT_REASON"] = Coded(codes, (*reject.labels, "XAP", "CLIENT"))
    return texts


def _products(facts: Facts, contract: Coded, unpriced: Flags, draws: Draws) -> dict[str, Coded]:
    """Return combination, yield group, portfolio and product type, which follow from one another."""
    shares = facts.histories["previous_application"]["PRODUCT_COMBINATION"]
    priced = {**shares, "Cash loans": {name: share for name, share in shares["Cash loans"].items() if name != "Cash"}}
    drawn = choose_by(contract, priced, draws)
    labels = (*drawn.labels, "Cash")
    codes = np.where(unpriced & contract.equals("Cash loans"), len(labels) - 1, drawn.codes)
    combination = Coded(codes, labels)
    groups = ("XNA", "low_action", "low_normal", "middle", "high")
    low = np.where(draws.chance(0.2, codes.shape[0]), 1, 2)
    consumer = np.searchsorted([0.36, 0.76], draws.uniform(codes.shape[0])) + 2
    group = np.zeros(codes.shape[0], dtype=np.int64)
    for name, chosen in (
        (": low", low),
        (": middle", 3),
        (": high", 4),
        (" with interest", consumer),
        (" without interest", 1),
    ):
        group = np.where(combination.equals(*[label for label in labels if label.endswith(name)]), chosen, group)
    cross = combination.equals(*[label for label in labels if "X-Sell" in label])
    street = combination.equals(*[label for label in labels if "Street" in label])
    portfolio = np.where(contract.codes < 3, contract.codes, 3)
    portfolio = np.where(unpriced, 3, portfolio)
    return {
        "PRODUCT_COMBINATION": combination,
        "NAME_YIELD_GROUP": Coded(np.where(unpriced, 0, group), groups),
        "NAME_PORTFOLIO": Coded(portfolio, ("Cash", "POS", "Cards", "XNA")),
        "NAME_PRODUCT_TYPE": Coded(np.where(cross, 1, np.where(street, 2, 0)), ("XNA", "x-sell", "walk-in")),
    }


def add_process(table: Table, facts: Facts, known: tuple[Integers, Integers], draws: Draws) -> None:
    """Add when, where and how the application was made, given contract kind and decision code of each row."""
    kind, status = known
    size = kind.shape[0]
    shares = facts.histories["previous_application"]
    for name in ("WEEKDAY_APPR_PROCESS_START", "NAME_PAYMENT_TYPE"):
        table[name] = choose(shares[name], size, draws)
    suite_missing = draws.uniform(size) < np.array([0.356, 0.969, 0.431, 0.765])[status]
    table["NAME_TYPE_SUITE"] = choose(shares["NAME_TYPE_SUITE"], size, draws).hidden(suite_missing)
    hour = choose(shares["HOUR_APPR_PROCESS_START"], size, draws)
    table["HOUR_APPR_PROCESS_START"] = np.array([float(label) for label in hour.labels])[hour.codes]
    table["FLAG_LAST_APPL_PER_CONTRACT"] = Coded(draws.chance(0.0044, size).astype(np.int64), ("Y", "N"))
    table["NFLAG_LAST_APPL_IN_DAY"] = (draws.uniform(size) >= 0.0033).astype(np.float64)
    purpose = choose(shares["NAME_CASH_LOAN_PURPOSE"], size, draws)
    without = purpose.labels.index("XAP")
    cash_only = choose(
        {name: share for name, share in shares["NAME_CASH_LOAN_PURPOSE"].items() if name != "XAP"}, size, draws
    )
    codes = np.where(
        kind == CASH, np.array([purpose.labels.index(label) for label in cash_only.labels])[cash_only.codes], without
    )
    table["NAME_CASH_LOAN_PURPOSE"] = Coded(codes, purpose.labels)
    seller = choose(
        {name: share for name, share in shares["NAME_SELLER_INDUSTRY"].items() if name != "XNA"}, size, draws
    )
    table["NAME_SELLER_INDUSTRY"] = Coded(
        np.where(kind == CONSUMER, seller.codes, len(seller.labels)), (*seller.labels, "XNA")
    )
    area = np.rint(np.exp(4.3 + 1.9 * draws.normal(size)))
    table["SELLERPLACE_AREA"] = np.where(
        kind == CONSUMER, np.minimum(area, 8000), np.where(draws.chance(0.85, size), -1.0, 0.0)
    )
    rated = (kind == CONSUMER) & (status == APPROVED) & draws.chance(0.0088, size)
    for name in ("RATE_INTEREST_PRIMARY", "RATE_INTEREST_PRIVILEGED"):
        listed = choose(shares[name], size, draws)
        table[name] = np.where(rated, np.array([float(label) for label in listed.labels])[listed.codes], np.nan)
