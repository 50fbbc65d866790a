"""From raw tables to a model bundle, with every figure taken from rows that chose nothing."""
