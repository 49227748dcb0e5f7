"""Damaged and hostile input of every kind: readers must answer with an error of ours, or read it."""
