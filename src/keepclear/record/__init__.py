"""The record: what was committed, in one order, so that nobody can change it without being seen."""
