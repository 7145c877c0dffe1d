"""Compressors: how passages are shortened for a question, one file each."""
