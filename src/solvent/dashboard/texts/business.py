"""Texts of the page of the business."""

from solvent.dashboard.texts.language import Text

LEAD = Text("What was asked for, and what the lender said.", "Ce qui a été demandé, et ce que le prêteur a répondu.")
DECISIONS = Text("Decisions", "Décisions")
AMOUNTS = Text("Loan amounts by decision", "Montants demandés par décision")
AMOUNT = Text("amount of the loan asked for", "montant du prêt demandé")
APPLICATIONS = Text("applications", "demandes")
APPROVED_AMOUNT = Text("Approved amount", "Montant accepté")
MEAN_APPROVED = Text("Mean approved loan", "Prêt accepté moyen")
MEAN_REFUSED = Text("Mean refused loan", "Prêt refusé moyen")
AMOUNTS_ALT = Text("Histogram of loan amounts by decision.", "Histogramme des montants demandés par décision.")
AMOUNTS_INTERVAL = Text(
    "Interval: none, every application with an amount is counted; the last bar of the data holds all above.",
    "Intervalle : aucun, toute demande avec un montant est comptée ; la dernière classe contient tout ce qui dépasse.",
)
NO_AMOUNTS = Text(
    "No application of this window names an amount.", "Aucune demande de cette période n'indique de montant."
)
