"""What a passage says: which names are in it and what it tells of two of them; by rules, or by a language model."""
