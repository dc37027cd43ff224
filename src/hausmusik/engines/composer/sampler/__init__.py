"""Turns written notes into stereo float32: a General MIDI bank, its samples, a room, a mix. Knows nothing of composing."""
