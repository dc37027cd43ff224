"""Where the bytes of models come from, and how they are trusted."""
