"""What was agreed, as data: zones, their terms, and the zones in force."""
