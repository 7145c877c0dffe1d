"""Selectors: which of the passages that were found are shown, one file each."""
