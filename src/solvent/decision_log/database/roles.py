"""The roles of the database: who may do what; revision 0004 makes them, docs/decisions/0012 tells how they are used."""

API = "solvent_api"
"""Serves decisions: INSERT and SELECT only."""

READER = "solvent_reader"
"""Looks: SELECT only, nothing of the personal part, neither in its tables nor through the views that join them."""

ERASER = "solvent_eraser"
"""Erases what is personal, and says so in the ledger; decisions are out of its reach."""

MONITOR = "solvent_monitor"
"""Watches: SELECT on what is not personal, and writes what it found; revision 0005 makes it."""

OFFICER = "solvent_officer"
"""Opens single decisions with their input, to explain and replay them, and handles alerts; changes nothing else."""

AS_READER = f"SET ROLE {READER}; SET statement_timeout TO '30s'"
"""How a session for pages and reports begins: settings of a role apply to logins alone, so they are set here."""

AS_AUDITOR = f"SET ROLE {READER}; SET statement_timeout TO '600s'"
"""How a verification of the chains begins: with the rights of a reader, and the minutes that a million rows take."""

AS_MONITOR = f"SET ROLE {MONITOR}; SET statement_timeout TO '600s'; SET lock_timeout TO '30s'"
"""How a session of a monitor begins."""

AS_OFFICER = f"SET ROLE {OFFICER}; SET statement_timeout TO '30s'"
"""How a session of the pages that open a decision or handle alerts begins."""
