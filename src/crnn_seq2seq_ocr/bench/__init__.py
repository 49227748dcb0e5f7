"""Benchmarks of the input pipeline, of training and of reading."""
