"""Texts of the page of a model."""

from solvent.dashboard.texts.language import Text

LEAD = Text(
    "What decides, how good it was found to be, and since when.", "Ce qui décide, sa qualité mesurée, et depuis quand."
)
NONE = Text(
    "The log knows no model yet. Serve one with:", "Le journal ne connaît encore aucun modèle. Servez-en un avec :"
)
COMMAND = "solvent api --bundle BUNDLE"
IN_FORCE = Text("In force", "En vigueur")
THRESHOLD = Text("Threshold", "Seuil")
FEATURES = Text("Features", "Variables")
TRAINED = Text("Trained", "Entraîné")
ROWS = Text("Rows fitted on", "Lignes d'apprentissage")
FIGURES = Text("Figures of the test split", "Chiffres de l'échantillon de test")
HEADINGS = {
    "figure": Text("Figure", "Mesure"),
    "value": Text("Value", "Valeur"),
    "low": Text("Low (95 %)", "Bas (95 %)"),
    "high": Text("High (95 %)", "Haut (95 %)"),
    "switched_at": Text("Since, UTC", "Depuis, UTC"),
    "kind": Text("How", "Comment"),
    "model_version": Text("Model", "Modèle"),
    "previous_version": Text("Before it", "Avant lui"),
    "requested_by": Text("Asked for by", "Demandé par"),
    "refusal": Text("Refused because", "Refusé car"),
    "model": Text("Model", "Modèle"),
    "description": Text("What it is", "Description"),
    "features": FEATURES,
    "auc": Text("AUC", "AUC"),
    "auc_difference": Text("AUC against the first", "Écart d'AUC au premier"),
    "log_loss": Text("Log loss", "Perte log."),
    "calibration_error": Text("Calibration error", "Erreur de calibration"),
    "cost_per_application": Text("Cost per application", "Coût par demande"),
    "group": Text("Group", "Groupe"),
    "rows": Text("Applications", "Demandes"),
    "defaults": Text("Defaults", "Défauts"),
    "default_rate": Text("Default rate", "Taux de défaut"),
    "default_rate_low": Text("Low (95 %)", "Bas (95 %)"),
    "default_rate_high": Text("High (95 %) ", "Haut (95 %) "),
    "calibration_gap": Text("Calibration gap", "Écart de calibration"),
    "approval_rate": Text("Approved", "Acceptées"),
    "good_payers_approved": Text("Good payers approved", "Bons payeurs acceptés"),
    "band": Text("Risk band", "Niveau de risque"),
    "begins": Text("From", "À partir de"),
}
RELIABILITY = Text("Reliability on the test split", "Fiabilité sur l'échantillon de test")
EXPECTED = Text("mean probability of default", "probabilité de défaut moyenne")
HAPPENED = Text("share that defaulted", "part en défaut")
IMPORTANCE = Text("Most important features", "Variables les plus importantes")
GAIN = Text("share of the gain", "part du gain")
TIMELINE = Text("Versions in force", "Versions en vigueur")
NO_SWITCH = Text("No switch of the model is recorded.", "Aucun changement de modèle n'est enregistré.")
CARD = Text("Model card", "Fiche du modèle")
MORE = Text("Everything that the evaluation holds", "Tout ce que contient l'évaluation")
NOT_KEPT = Text(
    "The log does not keep the evaluation of this version: serve it once with this version of Solvent.",
    "Le journal ne conserve pas l'évaluation de cette version : servez-la une fois avec cette version de Solvent.",
)
TEST_INTERVAL = Text(
    "95 % intervals as the evaluation of the bundle gives them; the split was never trained on.",
    "Intervalles à 95 % tels que donnés par l'évaluation ; cet échantillon n'a jamais servi à l'apprentissage.",
)
RELIABILITY_ALT = Text("Curve of reliability beside the diagonal.", "Courbe de fiabilité et diagonale.")
IMPORTANCE_ALT = Text("Bars of the most important features.", "Barres des variables les plus importantes.")
BANDS = Text("Risk bands on the test split", "Niveaux de risque sur l'échantillon de test")
COMPARISONS = {
    "rivals": (
        Text("Rivals", "Modèles rivaux"),
        Text(
            "Other models on the same clients, each with its own calibration and threshold.",
            "D'autres modèles sur les mêmes clients, chacun avec sa calibration et son seuil.",
        ),
    ),
    "ladder": (
        Text("Ladder", "Échelle"),
        Text(
            "The same model with ever fewer kinds of features.",
            "Le même modèle avec de moins en moins de types de variables.",
        ),
    ),
    "ablation": (
        Text("Without one learned feature each", "Sans l'une des variables apprises"),
        Text("What each learned feature adds.", "Ce qu'apporte chaque variable apprise."),
    ),
}
NOT_COMPARED = Text(
    "No rivals and no ladder were fitted with this model. Training makes them with:",
    "Ni rivaux ni échelle n'ont été ajustés avec ce modèle. L'entraînement les produit avec :",
)
COMPARE_COMMAND = "solvent train --data DIR --out BUNDLE --rivals"
TRAIN_COMMAND = "solvent train --data DIR --out BUNDLE"
AUC_AXIS = Text("AUC on the test split, 95 % interval", "AUC sur l'échantillon de test, intervalle à 95 %")
COMPARED_ALT = Text("{title}: AUC of each model with its interval.", "{title} : AUC de chaque modèle et intervalle.")
FAIRNESS = Text("Fairness", "Équité")
FAIRNESS_LEAD = Text(
    "Sex is read for these figures alone; the model never sees it.",
    "Le sexe ne sert qu'à ces chiffres ; le modèle ne le voit jamais.",
)
NO_FAIRNESS = Text(
    "The evaluation of this version holds no fairness figures: it is older than they are. Train a new one with:",
    "L'évaluation de cette version ne contient pas de chiffres d'équité. Entraînez-en une nouvelle avec :",
)
TRAITS = {
    "sex": Text("Sex", "Sexe"),
    "age_band": Text("Age", "Âge"),
    "contract_type": Text("Contract", "Contrat"),
    "history": Text("History", "Historique"),
    "income_band": Text("Income", "Revenu"),
    "region_rating": Text("Region rating", "Note de la région"),
}
DISPARITY = Text(
    "{trait}: lowest over highest approval rate {ratio}; gap in the share of good payers approved {gap}.",
    "{trait} : plus bas taux d'acceptation sur le plus haut {ratio} ; écart de bons payeurs acceptés {gap}.",
)
SEX_TOLD = Text(
    "Sex told from the features: AUC {features}; from the probability of default: {probability} (0.5 is chance).",
    "Sexe deviné d'après les variables : AUC {features} ; d'après la probabilité : {probability} (0,5 : hasard).",
)
VALUE_RANGE = Text("{value} ({low} to {high})", "{value} ({low} à {high})")
SEGMENTS = Text("Segments", "Segments")
APPROVAL_AXIS = Text("approved, 95 % interval", "acceptées, intervalle à 95 %")
GROUPS_ALT = Text("Approval rate of each group with its interval.", "Taux d'acceptation par groupe et intervalle.")
