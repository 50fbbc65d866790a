"""The database's revisions, run by `solvent.decision_log.database.revisions`."""
