"""Serverless GPUs on Modal as a host."""
