"""Models: which there are, which are here, and who uses them."""
