"""Texts of the page of drift."""

from solvent.dashboard.texts.language import Text

LEAD = Text(
    "Whether applicants still look like those that the model was made for.",
    "Les demandeurs ressemblent-ils encore à ceux pour qui le modèle a été fait ?",
)
NONE = Text(
    "No drift report has been made yet. Make one with:", "Aucun rapport de dérive pour l'instant. Faites-en un avec :"
)
MAKE = Text("Make a new report with:", "Faites un nouveau rapport avec :")
DETECTED = Text("Drift detected", "Dérive détectée")
NOT_DETECTED = Text("No drift detected", "Aucune dérive détectée")
TOO_FEW = Text("Not enough data for a verdict", "Pas assez de données pour conclure")
SCORE = Text("Drift score (share of features)", "Score de dérive (part des variables)")
FEATURES = Text("Features affected", "Variables touchées")
CURRENT = Text("Decisions compared", "Décisions comparées")
LIMIT = Text("limit {limit}: retraining recommended", "limite {limit} : réentraînement recommandé")
RETRAIN = Text(
    "The share of drifted features is above the limit of {limit}: retraining is recommended.",
    "La part des variables en dérive dépasse la limite de {limit} : un réentraînement est recommandé.",
)
HISTORY = Text("History of the drift score", "Historique du score de dérive")
SHARE = Text("share of drifted features", "part des variables en dérive")
STRONGEST = Text("Features that moved most", "Variables qui ont le plus bougé")
PSI = Text("stability index (PSI)", "indice de stabilité (PSI)")
PERIOD = Text("Period {start} to {end} UTC, against {reference}", "Du {start} au {end} UTC, comparé à {reference}")
REPORT = Text("Report", "Rapport")
INTERACTIVE = Text("Interactive report (Evidently)", "Rapport interactif (Evidently)")
SHOW = Text("Show it", "L'afficher")
NO_HTML = Text(
    "This report has no interactive part, or its file is not on this machine. Make one with:",
    "Ce rapport n'a pas de partie interactive, ou son fichier n'est pas sur cette machine. Faites-en un avec :",
)
INTERVAL = Text(
    "Judged by size of effect and by tests with control of false discoveries; see docs/monitoring.md.",
    "Jugé sur la taille d'effet et par des tests avec contrôle des fausses découvertes ; voir docs/monitoring.md.",
)
HISTORY_ALT = Text("Line of drift scores with the limit.", "Courbe des scores de dérive, avec la limite.")
STRONGEST_ALT = Text("Bars of the features that moved most.", "Barres des variables qui ont le plus bougé.")
COMMAND = "solvent drift report --days 7"
