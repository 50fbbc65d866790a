"""Texts of the page of the audit."""

from solvent.dashboard.texts.language import Text

LEAD = Text(
    "Whether the record of decisions is whole: chained, signed, and unchanged since.",
    "Le registre des décisions est-il intact : chaîné, signé, inchangé depuis ?",
)
RECORDS = Text("Chained decisions", "Décisions chaînées")
WRITERS = Text("Writers", "Écrivains")
UNCOVERED = Text("Not covered yet", "Pas encore couvertes")
CHECKPOINTS = Text("Checkpoints", "Points de contrôle")
LAST = Text("Last checkpoint: number {number}, {time} UTC", "Dernier point de contrôle : numéro {number}, {time} UTC")
NO_CHECKPOINT = Text(
    "Nothing is signed yet: the API signs a checkpoint while it runs. Start it with:",
    "Rien n'est encore signé : l'API signe un point de contrôle quand elle tourne. Démarrez-la avec :",
)
COMMAND = "solvent api --bundle BUNDLE"
LEDGER = Text("The ledger", "Le registre")
HEADINGS = {
    "kind": Text("Entries", "Entrées"),
    "count": Text("Number", "Nombre"),
    "last_number": Text("Last one", "Dernière"),
    "last_at": Text("At, UTC", "Le, UTC"),
}
VERIFY = Text("Verify", "Vérifier")
VERIFY_LEAD = Text(
    "Recomputes every chain from the rows and holds it against the signed ledger and its copies outside the database. "
    "A million decisions take minutes.",
    "Recalcule chaque chaîne à partir des lignes et la compare au registre signé et à ses copies hors de la base. "
    "Un million de décisions prend quelques minutes.",
)
PAYLOADS = Text(
    "Inputs and features are out of reach of this page. With a login that reads them (decision 12), run:",
    "Les données d'entrée sont hors de portée de cette page. Avec un accès qui les lit (décision 12) :",
)
WORKING = Text("Verifying…", "Vérification…")
UNCHANGED = Text("Nothing was changed. {what}", "Rien n'a été modifié. {what}")
FOUND = Text("{count} findings. {what}", "{count} anomalies. {what}")
NO_KEY = Text(
    "The public key or the copies of the ledger cannot be read here. Verify where they are:",
    "La clé publique ou les copies du registre ne sont pas lisibles ici. Vérifiez là où elles sont :",
)
VERIFY_COMMAND = "solvent ledger verify --checkpoint FILE --public-key FILE"
COUNTS = Text(
    "Looked at: {decisions} decisions, {failures} failures, {entries} ledger entries; {uncovered} not yet signed for.",
    "Examiné : {decisions} décisions, {failures} échecs, {entries} entrées du registre ; {uncovered} pas signées.",
)
