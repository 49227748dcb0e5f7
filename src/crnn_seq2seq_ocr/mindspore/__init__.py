"""Convert weights and charsets of the original model for MindSpore."""
