"""Public fakes and builders, for our tests and for yours."""
