"""Whole photographs and pages: text is found, cut out, read, and put into the order in which people read it."""
