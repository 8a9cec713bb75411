"""Pictures and pages for people, drawn from plain values that the caller assembles."""
