"""Music composed in code and sampled from a General MIDI bank: honest about being written by rules, not by a network."""
