"""Texts of the page of data quality."""

from solvent.dashboard.texts.language import Text

LEAD = Text(
    "Whether the inputs are as complete and as plausible as those that the model learnt from.",
    "Les données reçues sont-elles aussi complètes et plausibles que celles dont le modèle a appris ?",
)
COMMAND = "solvent monitor run"
NONE = Text(
    "The monitors have not measured any quality yet. Let them run with:",
    "Les moniteurs n'ont encore rien mesuré. Lancez-les avec :",
)
WINDOW = Text("Measured from {start} to {end} UTC", "Mesuré du {start} au {end} UTC")
SCORE = Text("Mean quality score", "Score de qualité moyen")
SCORE_HELP = Text(
    "Share of the application columns that the model reads and that held a usable value",
    "Part des colonnes de la demande lues par le modèle et contenant une valeur utilisable",
)
WITHOUT_HISTORY = Text("Clients without history", "Clients sans historique")
STALE = Text("Stale stored histories", "Historiques stockés périmés")
THIN = Text("Change of thin files", "Évolution des dossiers minces")
METRICS = {
    "missing_rise": Text("Columns missing more than they did", "Colonnes plus souvent manquantes qu'avant"),
    "out_of_range_rate": Text("Values outside the plausible range", "Valeurs hors de la plage plausible"),
    "unseen_category_rate": Text("Categories that no table had before", "Catégories jamais vues auparavant"),
}
NOTHING = Text("None above zero.", "Aucune au-dessus de zéro.")
RATE = Text("share of decisions", "part des décisions")
BARS_ALT = Text("Bars by column: {title}", "Barres par colonne : {title}")
INTERVAL = Text(
    "Interval: none, every decision of the window is counted. Made by `solvent monitor run`.",
    "Intervalle : aucun, toutes les décisions de la période sont comptées. Produit par `solvent monitor run`.",
)
