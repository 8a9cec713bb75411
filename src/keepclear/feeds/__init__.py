"""Bytes to observations, zones or refusals. A bad row never stops a feed."""
