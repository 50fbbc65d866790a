"""The way of a decision to the disk: waiting line, one transaction, commit, answer."""
