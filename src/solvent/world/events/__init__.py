"""Time in the lender: arrivals, outcomes that mature, scenarios, and the stream of applications."""
