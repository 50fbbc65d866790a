"""Who calls, what they may, and how much of it: keys, scopes, rates, places at work."""
