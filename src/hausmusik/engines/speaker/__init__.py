"""The speaker vector: Resemblyzer's encoder, read without pickle and run in numpy."""
