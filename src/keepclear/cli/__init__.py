"""One verb, one page of help."""
