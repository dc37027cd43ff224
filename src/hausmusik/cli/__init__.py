"""The command `haus`."""
