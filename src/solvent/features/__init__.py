"""One row of features per application: declared once as data, run by two engines."""
