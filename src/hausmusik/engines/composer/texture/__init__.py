"""Textures: each turns the chords of a phrase into the notes of one player. Knows nothing of seconds or sound."""
