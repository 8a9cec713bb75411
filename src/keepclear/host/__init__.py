"""What runs a node: its clock, its disk, its wires and its doors; no rule of the domain."""
