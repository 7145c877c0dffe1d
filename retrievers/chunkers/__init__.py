"""Chunkers: how documents are cut into passages, one file each."""
