"""What versions cost: the engine called in process, against raw sqlite3, DoltLite and copies of the file."""
