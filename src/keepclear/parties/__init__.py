"""Who takes part, who acts for them, and who may do what."""
