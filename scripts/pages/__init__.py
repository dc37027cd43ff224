"""The pages of docs/reference, each a function that returns Markdown; `scripts/reference` writes them."""
