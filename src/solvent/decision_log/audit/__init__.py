"""The hash chain of each writer, the signed ledger over the chains, and their verification."""
