"""Train a model: the loop, its batches, its optimisation and its log."""
