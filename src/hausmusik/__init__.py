"""Hausmusik: play open AI models as your own instruments and compose them into finished things."""
