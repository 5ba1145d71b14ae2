"""The parts of generated clients that are the same for every database, one folder for each language."""
