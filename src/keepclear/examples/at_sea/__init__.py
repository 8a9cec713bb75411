"""A minute of made-up AIS around Kestrel Pass, which is a passage at sea here; see README.md beside this file."""
