"""Model folders: what a model says of itself, its weights, and where models are."""
