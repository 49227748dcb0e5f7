"""Label pictures in a browser: the model's readings, least sure first, corrected by people."""
