"""The doors of a running node over HTTP; no rule of the domain."""
