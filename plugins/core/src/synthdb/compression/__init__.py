"""The plugin ``compression``: answers are compressed for those who accept it."""
