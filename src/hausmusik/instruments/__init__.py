"""The catalogue: which instruments there are, as data."""
