"""Texts of the page of the model's performance."""

from solvent.dashboard.texts.language import Text

LEAD = Text(
    "How well the model tells who pays back: realised where outcomes are known, estimated before that.",
    "Comment le modèle distingue les bons payeurs : réalisé là où l'issue est connue, estimé avant cela.",
)
COMMAND = "solvent monitor run"
OUTCOMES_COMMAND = "solvent outcomes import FILE"
NONE = Text(
    "The monitors have not measured any performance yet. Let them run with:",
    "Les moniteurs n'ont encore mesuré aucune performance. Lancez-les avec :",
)
METRICS = {
    "auc": Text("AUC by month of application", "AUC par mois de demande"),
    "default_rate": Text("Default rate by month of application", "Taux de défaut par mois de demande"),
    "cost_per_application": Text("Cost per application by month", "Coût par demande et par mois"),
}
CALIBRATION = Text("Defaults over expected ones", "Défauts observés sur défauts attendus")
REALISED = Text("Realised", "Réalisé")
ESTIMATED = Text("Estimated", "Estimé")
RATIO = Text("1 means that probabilities are true", "1 : les probabilités sont justes")
MONTHS_ALT = Text("{title}, realised and estimated.", "{title}, réalisé et estimé.")
INTERVAL = Text(
    "Bars are 95 % intervals; docs/performance.md explains the statistics.",
    "Les barres sont des intervalles à 95 % ; docs/performance.md explique les statistiques.",
)

CUT_OFF = Text("Another threshold", "Un autre seuil")
CUT_OFF_LEAD = Text(
    "What another threshold would have done in this window. A bad payer accepted costs {false_negative}, a good payer "
    "refused {false_positive}.",
    "Ce qu'un autre seuil aurait donné sur cette période. Un mauvais payeur accepté coûte {false_negative}, un bon "
    "payeur refusé {false_positive}.",
)
THRESHOLD = Text("Threshold (probability of default, %)", "Seuil (probabilité de défaut, %)")
APPROVAL = Text("Approved", "Acceptées")
DEFAULTS = Text("Default rate", "Taux de défaut")
COST = Text("Cost", "Coût")
CURVE = Text("Cost per application", "Coût par demande")
AGAINST = Text("{difference} against the threshold in force", "{difference} par rapport au seuil en vigueur")
AXIS = Text("threshold", "seuil")
COST_AXIS = Text("cost per application", "coût par demande")
COST_ALT = Text("Curve of the cost per application by threshold.", "Courbe du coût par demande selon le seuil.")
IN_FORCE = Text("in force: {threshold}", "en vigueur : {threshold}")
ESTIMATED_LINE = Text("Expected from the probabilities", "Attendu d'après les probabilités")
REALISED_LINE = Text("Realised, matured decisions", "Réalisé, décisions arrivées à maturité")
REALISED_TITLE = Text("Realised: {count} matured decisions", "Réalisé : {count} décisions arrivées à maturité")
ESTIMATED_TITLE = Text("Expected: {count} decisions", "Attendu : {count} décisions")
NO_OUTCOMES = Text(
    "No decision of this window has matured; what happened to the clients is brought by:",
    "Aucune décision de cette période n'est arrivée à maturité ; l'issue des clients s'importe avec :",
)
BIAS = Text(
    "Outcomes are known of approved clients alone. Realised figures hold for them; how refused applicants would have "
    "paid, and so what a higher threshold would have done, they cannot tell.",
    "L'issue n'est connue que pour les clients acceptés. Les chiffres réalisés valent pour eux ; ils ne disent pas "
    "comment les refusés auraient payé, ni donc ce qu'un seuil plus élevé aurait donné.",
)
OF_APPROVED = Text("approved ones alone", "acceptées seules")
CURVE_INTERVAL = Text(
    "Probabilities are binned by 0.5 points: thresholds between bins are not told apart. Expected counts take the "
    "probabilities for true.",
    "Les probabilités sont regroupées par 0,5 point. Les effectifs attendus supposent les probabilités justes.",
)
ZONE = Text("Decisions close to the threshold", "Décisions proches du seuil")
ZONE_LINE = Text(
    "{share} of the decisions lie within one point of the threshold ({count} of {total}): small changes of input turn "
    "them over.",
    "{share} des décisions sont à moins d'un point du seuil ({count} sur {total}) : un petit changement d'entrée les "
    "fait basculer.",
)
