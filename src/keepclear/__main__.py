"""`python -m keepclear` is the command."""

from keepclear.cli.main import main

raise SystemExit(main())
