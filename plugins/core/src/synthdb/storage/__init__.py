"""SQLite: connections, codecs, file layout and the write lock."""
