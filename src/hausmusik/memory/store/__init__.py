"""Where a memory is kept: one SQLite file, and nothing else that is true."""
