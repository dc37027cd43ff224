"""Pure signal processing on float32 arrays of shape `(channels, samples)`, and audio files."""
