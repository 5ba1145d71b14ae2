"""The meta generator: everything about a database but its rows, as JSON: branches, commits, diffs, merges, SQL."""
