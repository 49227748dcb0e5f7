"""Trained models as single files that other programs can run."""
