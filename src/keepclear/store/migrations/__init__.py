"""How a database is brought from one revision of the schema to the next: run by `keepclear.store.opening`."""
