"""The database itself: a server, sessions on it, its revisions and roles, and the check at every start."""
