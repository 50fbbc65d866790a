"""Texts of the page of alerts."""

from solvent.dashboard.texts.language import Text

LEAD = Text("What rang, how grave it is, and what to do.", "Ce qui a sonné, sa gravité, et que faire.")
COMMAND = "solvent monitor run"
NONE = Text(
    "No alert is open. The monitors look again with:", "Aucune alerte ouverte. Les moniteurs vérifient à nouveau avec :"
)
WITH_RESOLVED = Text("Show resolved alerts", "Montrer les alertes résolues")
SEVERITIES = {
    "LOW": Text("Low: this month", "Faible : ce mois-ci"),
    "MEDIUM": Text("Medium: this week", "Moyenne : cette semaine"),
    "HIGH": Text("High: today", "Élevée : aujourd'hui"),
    "CRITICAL": Text("Critical: now", "Critique : maintenant"),
}
SINCE = Text("Since {start} UTC, last seen {last} UTC", "Depuis le {start} UTC, vue le {last} UTC")
FIGURE = Text(
    "Measured {value}, limit {limit}, over {count} rows", "Mesuré {value}, limite {limit}, sur {count} lignes"
)
TO_DO = Text("What to do", "Que faire")
AFFECTED = Text("Affected", "Touchés")
ACKNOWLEDGE = Text("Acknowledge", "Prendre en charge")
ACKNOWLEDGED = Text("Taken on by {who}, {time} UTC", "Prise en charge par {who}, le {time} UTC")
RESOLVE = Text("Resolve", "Résoudre")
NOTE = Text("What was found and done", "Ce qui a été trouvé et fait")
RESOLVED = Text("Resolved by {who}, {time} UTC: {note}", "Résolue par {who}, le {time} UTC : {note}")
NOT_DONE = Text("That could not be done: {why}", "Impossible : {why}")
