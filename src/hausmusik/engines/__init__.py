"""Code that loads one kind of weights and plays; heavy imports only inside `load()`."""
