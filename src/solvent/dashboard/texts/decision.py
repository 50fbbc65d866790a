"""Texts of the page of one decision."""

from solvent.dashboard.texts.language import Text

LEAD = Text(
    "One decision: what was decided, with which model, on which input, and why.",
    "Une décision : ce qui a été décidé, avec quel modèle, sur quelles données, et pourquoi.",
)
REQUEST = Text("Request ID", "Identifiant de requête")
CLIENT = Text("or client number", "ou numéro de client")
CLIENT_HELP = Text(
    "It stays on this page and out of the address bar.",
    "Il reste sur cette page, hors de la barre d'adresse.",
)
NOT_FOUND = Text(
    "No decision is recorded under this ID or number.",
    "Aucune décision enregistrée sous cet identifiant ou ce numéro.",
)
NOT_AN_ID = Text(
    "That is no request ID: take the request_id of an answer, such as 018f4b1e-2c30-7c2f-9d1e-5a5f6b7c8d9e.",
    "Ce n'est pas un identifiant de requête : prenez le request_id d'une réponse, comme "
    "018f4b1e-2c30-7c2f-9d1e-5a5f6b7c8d9e.",
)
LATEST = Text("or one of the latest decisions", "ou l'une des dernières décisions")
CHOOSE = Text("choose", "choisir")
EMPTY = Text(
    "No decision has been recorded yet. Send some applications with:",
    "Aucune décision n'est encore enregistrée. Envoyez quelques demandes avec :",
)
OF_CLIENT = Text("Decisions on this client", "Décisions sur ce client")
APPROVED = Text("Approved", "Acceptée")
REFUSED = Text("Refused", "Refusée")
BELOW = Text(
    "probability of default {probability}, below the threshold {threshold}",
    "probabilité de défaut {probability}, sous le seuil {threshold}",
)
ABOVE = Text(
    "probability of default {probability}, at or above the threshold {threshold}",
    "probabilité de défaut {probability}, au seuil {threshold} ou au-dessus",
)
FACTS = Text(
    "Model {model} · {time} UTC · risk {level} · history: {history} · caller {caller}",
    "Modèle {model} · {time} UTC · risque {level} · historique : {history} · appelant {caller}",
)
HISTORY = {
    "request": Text("sent with the request", "envoyé avec la demande"),
    "stored": Text("stored", "conservé"),
    "none": Text("none", "aucun"),
}
"""By what the log keeps as the source of a client's history."""
WARNINGS = Text("Warnings: {warnings}", "Avertissements : {warnings}")
ERASED = Text(
    "Input and features were erased: only what was decided is left.",
    "Les données et variables ont été effacées : seule la décision reste.",
)
GAUGE = Text("Probability of default", "Probabilité de défaut")
GAUGE_ALT = Text("Gauge: {probability}, threshold {threshold}.", "Jauge : {probability}, seuil {threshold}.")
REASONS = Text("Reasons given", "Motifs donnés")
NO_REASONS = Text("An approval needs no reasons.", "Une acceptation n'a pas besoin de motifs.")
WATERFALL = Text("What weighed how much", "Ce qui a pesé, et combien")
BASE = Text("Before anything is known", "Avant toute information")
SCORE = Text("Score", "Score")
LOG_ODDS = Text("log-odds of default", "log-cote de défaut")
WATERFALL_ALT = Text("Waterfall from the base to the score.", "Cascade de la base au score.")
WATERFALL_INTERVAL = Text(
    "TreeSHAP contributions of the model that decided; they add up exactly to the score.",
    "Contributions TreeSHAP du modèle qui a décidé ; leur somme donne exactement le score.",
)
BESIDE = Text("Beside approved and refused clients", "À côté des clients acceptés et refusés")
BESIDE_ALT = Text(
    "Middle halves of approved and refused clients and the client.",
    "Moitiés centrales des clients acceptés et refusés, et le client.",
)
BESIDE_NOTE = Text(
    "Boxes: middle half of the latest {count} decisions of this model; line: this client.",
    "Boîtes : moitié centrale des {count} dernières décisions de ce modèle ; trait : ce client.",
)
THIS_CLIENT = Text("this client", "ce client")
WHAT_IF = Text("What would have changed it", "Ce qui aurait changé la décision")
WHAT_IF_LEAD = Text(
    "Change what an applicant can change and score again. Nothing is recorded.",
    "Changez ce qu'un demandeur peut changer et notez à nouveau. Rien n'est enregistré.",
)
AGAIN = Text("Score again", "Noter à nouveau")
RESULT = Text(
    "{decision}: probability of default {probability} instead of {before}",
    "{decision} : probabilité de défaut {probability} au lieu de {before}",
)
NOT_VALID = Text(
    "This application would not be accepted: {problems}",
    "Cette demande ne serait pas acceptée : {problems}",
)
INPUT = Text("The input", "Les données reçues")
REPLAY = Text("Replay", "Rejouer")
REPLAY_HELP = Text("Compute it again from the log alone", "La recalculer à partir du seul journal")
SAME = Text("It comes out bit for bit.", "Elle ressort au bit près.")
DIFFERENT = Text("It comes out otherwise in: {fields}", "Elle diffère sur : {fields}")
EXPORT = Text("Export", "Exporter")
NO_MODEL = Text(
    "The model that decided cannot be restored from the log:",
    "Le modèle qui a décidé ne peut être restauré du journal :",
)
EXPLAIN_COMMAND = "solvent ledger verify"

REASON_NAMES = {
    "EXTERNAL_SCORE": Text("External scores", "Scores externes"),
    "LOAN_TERMS": Text("Terms of the loan", "Conditions du prêt"),
    "INCOME_BURDEN": Text("Burden on income", "Charge sur le revenu"),
    "EMPLOYMENT": Text("Employment", "Emploi"),
    "BUREAU_DEBT": Text("Debts elsewhere", "Dettes ailleurs"),
    "BUREAU_HISTORY": Text("Credit history elsewhere", "Historique ailleurs"),
    "ENQUIRIES": Text("Recent enquiries", "Consultations récentes"),
    "PREVIOUS_APPLICATIONS": Text("Earlier applications", "Demandes antérieures"),
    "PAYMENT_DELAYS": Text("Payment delays", "Retards de paiement"),
    "CARD_USE": Text("Use of cards", "Usage des cartes"),
    "STABILITY": Text("Stability", "Stabilité"),
    "HOUSEHOLD": Text("Household and property", "Foyer et biens"),
    "REGION": Text("Region", "Région"),
    "PROFILE": Text("Profile", "Profil"),
}
COLUMNS = {
    "AMT_CREDIT": Text("Amount of the loan", "Montant du prêt"),
    "AMT_ANNUITY": Text("Annuity", "Annuité"),
    "AMT_GOODS_PRICE": Text("Price of the goods", "Prix du bien"),
    "AMT_INCOME_TOTAL": Text("Yearly income", "Revenu annuel"),
    "NAME_CONTRACT_TYPE": Text("Kind of loan", "Type de prêt"),
    "FLAG_OWN_CAR": Text("Owns a car", "Possède une voiture"),
    "FLAG_OWN_REALTY": Text("Owns a home", "Possède un logement"),
}
