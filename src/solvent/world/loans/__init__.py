"""Loans before the application: those of the credit bureau, and earlier applications with us."""
