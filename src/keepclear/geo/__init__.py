"""The shape of the earth. Floats live here and nowhere else; everything is on the WGS84 ellipsoid."""
