"""Go on from the released model `words` with twenty pictures of one's own."""
