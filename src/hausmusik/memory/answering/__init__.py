"""From the passages that were found to an answer in which every sentence points to some of them, and is checked."""
