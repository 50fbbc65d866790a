"""The seven raw tables: their schemas, reading them from files, and finding what is wrong with them."""
