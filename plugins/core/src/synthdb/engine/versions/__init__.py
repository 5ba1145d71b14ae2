"""Commits, branches and everything that compares or combines two states."""
