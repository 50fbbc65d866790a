"""Texts that several pages share: navigation, filters, notes on figures, states without data."""

from solvent.dashboard.texts.language import Text

NO_FIGURE = Text("none yet", "pas encore")
REFRESH = Text("Refresh every minute", "Actualiser chaque minute")

WATCH = Text("Activity", "Activité")
MODEL_SECTION = Text("Model", "Modèle")
ANSWER = Text("Answering for it", "En répondre")
HOME = Text("Home", "Accueil")
OVERVIEW = Text("Overview", "Vue d'ensemble")
SERVICE = Text("Performance", "Performance")
BUSINESS = Text("Business", "Métier")
DRIFT = Text("Drift", "Dérive")
QUALITY = Text("Data quality", "Qualité des données")
RISK = Text("Performance of the model", "Performance du modèle")
MODEL = Text("Model", "Modèle")
DECISION = Text("Decision", "Décision")
ALERTS = Text("Alerts", "Alertes")
AUDIT = Text("Audit", "Audit")

WINDOW = Text("Window", "Période")
WINDOWS = {
    "24h": Text("24 h", "24 h"),
    "7d": Text("7 days", "7 jours"),
    "30d": Text("30 days", "30 jours"),
    "all": Text("All", "Tout"),
    "range": Text("Dates", "Dates"),
}
FROM = Text("From", "Du")
TO = Text("To (included)", "Au (inclus)")
MODEL_VERSION = Text("Model version", "Version du modèle")
ALL_MODELS = Text("All versions", "Toutes les versions")
WINDOW_LINE = Text("{start} to {end} UTC, full hours", "Du {start} au {end} UTC, heures pleines")

HOW = Text("How it was computed", "Comment c'est calculé")
HOW_WINDOW = Text("Window: {start} to {end} UTC", "Période : du {start} au {end} UTC")
HOW_COUNT = Text("Rows behind it: {count}", "Lignes prises en compte : {count}")
HOW_EXACT = Text(
    "Interval: none, every row of the window is counted.",
    "Intervalle : aucun, toutes les lignes de la période sont comptées.",
)
CSV = Text("CSV", "CSV")
CSV_HELP = Text("Download these figures", "Télécharger ces chiffres")

DECISIONS = {"approve": Text("Approved", "Acceptées"), "refuse": Text("Refused", "Refusées")}
LEVELS = {"LOW": Text("Low", "Faible"), "MEDIUM": Text("Medium", "Moyen"), "HIGH": Text("High", "Élevé")}
THRESHOLD = Text("Threshold {threshold}", "Seuil {threshold}")

EMPTY_WINDOW = Text(
    "No decision in this window. Choose a longer one, or send some applications with:",
    "Aucune décision dans cette période. Choisissez-en une plus longue, ou envoyez des demandes avec :",
)
AWAY = Text("The decision log cannot be read", "Le journal des décisions ne peut pas être lu")
AWAY_REMEDY = Text("See what is wrong with:", "Voyez ce qui ne va pas avec :")
ALTERED = Text("The decision log does not hold what it held: {what}", "Le journal ne contient plus l'original : {what}")
ALTERED_REMEDY = Text("Tell whoever audits, and see how far it goes with:", "Prévenez l'audit ; voyez l'étendue avec :")
COUNTING = Text("Counting new decisions…", "Comptage des nouvelles décisions…")

SIGN_IN = Text("Sign in", "Se connecter")
PASSWORD = Text("Password", "Mot de passe")
WRONG_PASSWORD = Text("That is not the password.", "Ce n'est pas le bon mot de passe.")
WAIT = Text("Too many attempts: wait a minute.", "Trop d'essais : attendez une minute.")
NOT_SIGNED_IN = Text(
    "This dashboard is reached through a proxy that says who you are; this request did not say.",
    "Ce tableau de bord passe par un proxy qui vous identifie ; cette requête ne l'a pas fait.",
)
