"""How long things are kept: partitions made and dropped, retention, erasure."""
