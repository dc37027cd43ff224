"""The score: a JSON document that becomes a finished audio piece."""
