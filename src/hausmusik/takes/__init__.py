"""The content-addressed store of generated takes."""
