"""A memory: documents turned into passages, a knowledge graph and vectors, and questions answered from them."""
