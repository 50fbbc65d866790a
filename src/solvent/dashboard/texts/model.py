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
QUERY = (
    "SELECT content FROM model_files f, models m WHERE m.model_version = '{version}' -- evaluation.json of its manifest"
)
SWITCHES_QUERY = "SELECT * FROM model_switches ORDER BY id DESC"
RELIABILITY_ALT = Text("Curve of reliability beside the diagonal.", "Courbe de fiabilité et diagonale.")
IMPORTANCE_ALT = Text("Bars of the most important features.", "Barres des variables les plus importantes.")
