"""From reports and zones to presence: evidence, states, transitions, alerts."""
