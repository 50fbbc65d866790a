"""The way of a request from its connection to its route."""
