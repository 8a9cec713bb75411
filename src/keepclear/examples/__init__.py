"""Scenarios that run, as data inside the package."""
