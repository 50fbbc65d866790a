"""Texts of the home page."""

from solvent.dashboard.texts.language import Text

TITLE = Text("Credit decisions, answered for", "Des décisions de crédit dont on répond")
LEAD = Text(
    "What Solvent is doing now, and what it has done in the last 24 hours.",
    "Ce que Solvent fait en ce moment, et ce qu'il a fait ces dernières 24 heures.",
)

API = Text("API", "API")
API_READY = Text("Ready to decide", "Prête à décider")
API_NOT_READY = Text("Runs, but cannot decide now: {missing}", "Fonctionne, mais ne peut pas décider : {missing}")
API_AWAY = Text("Does not answer at {url}", "Ne répond pas à {url}")
API_REMEDY = Text("Start it with:", "Démarrez-la avec :")
MODEL = Text(
    "Model {version}, {features} features, refuses from a probability of default of {threshold}",
    "Modèle {version}, {features} variables, refuse à partir d'une probabilité de défaut de {threshold}",
)
RECORDED_MODEL = Text(
    "Model {version} by the log, refuses from a probability of default of {threshold}",
    "Modèle {version} d'après le journal, refuse à partir d'une probabilité de défaut de {threshold}",
)

DATABASE = Text("Database", "Base de données")
DATABASE_READY = Text("Answers", "Répond")
DATABASE_REMEDY = Text("See what is wrong with:", "Voyez ce qui ne va pas avec :")
DATABASE_AWAY = Text("The decision log cannot be read", "Le journal des décisions ne peut pas être lu")
DATABASE_UNSET = Text("No address was given to this page", "Aucune adresse n'a été donnée à cette page")
DATABASE_UNSET_REMEDY = Text("Start the dashboard with:", "Démarrez le tableau de bord avec :")

FIGURES = Text("Last 24 hours", "Dernières 24 heures")
PREDICTIONS = Text("Predictions", "Prédictions")
APPROVAL_RATE = Text("Approval rate", "Taux d'acceptation")
MEAN_LATENCY = Text("Mean latency", "Latence moyenne")
MEAN_LATENCY_HELP = Text(
    "From arrival until the decision is handed to the database",
    "De l'arrivée jusqu'à la remise de la décision à la base de données",
)
ERROR_RATE = Text("Error rate", "Taux d'erreur")
ERROR_RATE_HELP = Text(
    "Share of all requests that got no decision (HTTP 400 and above)",
    "Part des requêtes restées sans décision (HTTP 400 et au-delà)",
)
LAST_DECISION = Text("Last decision: {time} UTC", "Dernière décision : {time} UTC")
NO_DECISIONS = Text(
    "No decision has been recorded yet. Send some applications with:",
    "Aucune décision n'est encore enregistrée. Envoyez quelques demandes avec :",
)
NONE_LATELY = Text(
    "No decision in the last 24 hours. Send some applications with:",
    "Aucune décision ces dernières 24 heures. Envoyez quelques demandes avec :",
)

GUIDE = Text("What to do next", "Que faire ensuite")
GUIDE_STEPS: tuple[tuple[Text, str], ...] = (
    (Text("Ask for one decision", "Demander une décision"), "{api}/docs"),
    (
        Text("Send traffic, part of it shifted", "Envoyer du trafic, en partie décalé"),
        "solvent traffic --num-predictions 100 --delay 0",
    ),
    (
        Text("Score a whole folder of tables", "Noter tout un dossier de tables"),
        "solvent score --bundle BUNDLE --data DIR --out scores.csv",
    ),
    (Text("See the models and their champion", "Voir les modèles et leur champion"), "solvent model list"),
)
