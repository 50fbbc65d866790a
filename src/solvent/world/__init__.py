"""The simulated lender: seven raw tables whose applicants have a known true probability of default."""
