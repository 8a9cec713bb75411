"""The node: everything that can happen in, everything it concludes out; a function of its events."""
