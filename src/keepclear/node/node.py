"""A node: a deterministic function of the events it was given."""
