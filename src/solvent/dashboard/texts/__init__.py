"""Every text of the pages, in English and French; one module per page."""
