"""Street name signs drawn on the fly: names, lettering, plates, scenes, and the source that joins them."""
