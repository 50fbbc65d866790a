"""Texts of the page of the service's speed and errors."""

from solvent.dashboard.texts.language import Text

LEAD = Text(
    "How fast the service answers, and why it sometimes does not.",
    "À quelle vitesse le service répond, et pourquoi parfois il ne répond pas.",
)
LATENCY = Text("Response time per endpoint", "Temps de réponse par point d'accès")
LATENCY_AXIS = Text("from arrival to the hand-over to the database", "de l'arrivée à la remise à la base de données")
LATENCY_NOTE = Text(
    "Box: middle half of the decisions; whiskers: 5 % and 95 %; dashed: mean.",
    "Boîte : moitié centrale des décisions ; moustaches : 5 % et 95 % ; pointillé : moyenne.",
)
LATENCY_INTERVAL = Text(
    "Quantiles are right to within 5 % (bins of 5 %); counts and means are exact.",
    "Les quantiles sont justes à 5 % près (classes de 5 %) ; effectifs et moyennes sont exacts.",
)
SLOWEST = Text("The ten slowest decisions", "Les dix décisions les plus lentes")
ERRORS = Text("Requests without a decision", "Requêtes restées sans décision")
NO_ERRORS = Text(
    "Every request of this window got its decision.", "Chaque requête de cette période a reçu sa décision."
)
P50 = Text("Median", "Médiane")
P95 = Text("95 % below", "95 % en dessous de")
P99 = Text("99 % below", "99 % en dessous de")
FAILED = Text("Without a decision", "Sans décision")
LATENCY_ALT = Text("Box plot of response times for each endpoint.", "Boîtes à moustaches des temps de réponse.")

HEADINGS = {
    "timestamp": Text("Arrival, UTC", "Arrivée, UTC"),
    "request_id": Text("Request", "Requête"),
    "endpoint": Text("Endpoint", "Point d'accès"),
    "model_version": Text("Model", "Modèle"),
    "decision": Text("Decision", "Décision"),
    "preprocessing_ms": Text("Preparing, ms", "Préparation, ms"),
    "inference_ms": Text("Model, ms", "Modèle, ms"),
    "total_ms": Text("Total, ms", "Total, ms"),
    "status": Text("Status", "Statut"),
    "cause": Text("Cause", "Cause"),
    "count": Text("Requests", "Requêtes"),
    "last_at": Text("Last one, UTC", "Dernière, UTC"),
    "mean": Text("Mean, ms", "Moyenne, ms"),
}
