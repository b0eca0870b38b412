"""What the analytics ask of a dataset: pure functions, one module a question."""
