"""Texts of the page of decisions at a glance."""

from solvent.dashboard.texts.language import Text

LEAD = Text("What was decided, how often and how surely.", "Ce qui a été décidé, combien de fois, et avec quel risque.")
DECISIONS = Text("Decisions", "Décisions")
VOLUME = Text("Requests per hour", "Requêtes par heure")
PROBABILITIES = Text("Probability of default", "Probabilité de défaut")
LEVELS = Text("Risk level", "Niveau de risque")
HOUR = Text("hour of arrival, UTC", "heure d'arrivée, UTC")
REQUESTS = Text("requests", "requêtes")
COUNT = Text("decisions", "décisions")
PROBABILITY = Text("calibrated probability of default", "probabilité de défaut calibrée")
TOTAL = Text("Total predictions", "Prédictions au total")
RING_ALT = Text("Ring: {approved} of decisions approved.", "Anneau : {approved} de décisions acceptées.")
VOLUME_ALT = Text("Line of requests per hour, {count} in all.", "Courbe des requêtes par heure, {count} au total.")
PROBABILITIES_ALT = Text(
    "Histogram of the probabilities of default with the threshold.",
    "Histogramme des probabilités de défaut, avec le seuil.",
)
LEVELS_ALT = Text("Bars of decisions by risk level.", "Barres des décisions par niveau de risque.")
