"""Samples: where they come from, how they are stored, checked, drawn and prepared for the network."""
