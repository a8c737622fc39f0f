"""The HTTP doors: one file for each."""
