"""``python -m synthdb_host`` is ``synthdb``."""

from synthdb_host.cli import main

main()
