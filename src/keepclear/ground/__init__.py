"""What everything stands on: errors, instants, quantities. It has never heard of zones or parties."""
