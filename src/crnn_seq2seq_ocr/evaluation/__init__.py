"""Measure a model: evaluation reports and calibrated confidence."""
