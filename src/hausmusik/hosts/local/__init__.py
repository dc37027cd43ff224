"""Engines in worker processes of this machine."""
