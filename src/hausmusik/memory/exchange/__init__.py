"""Memories in the forms of other programs: out as GraphML, JSON-LD, CSV and LightRAG, in from LightRAG."""
