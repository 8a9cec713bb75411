"""At-Tanf, Syria, May and June 2017: the reported groups around a 55 km deconfliction zone. See README.md here."""
