"""What engines of language models share, whatever computes the tokens: requests read, answers told, calls found."""
