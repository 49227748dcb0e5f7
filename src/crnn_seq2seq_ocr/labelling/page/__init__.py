"""The page itself: its files, served as they are."""
