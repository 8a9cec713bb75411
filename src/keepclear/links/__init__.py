"""What goes between two nodes as bytes: cards to pair by, sealed payloads, signed packets, and the ways they are carried."""
