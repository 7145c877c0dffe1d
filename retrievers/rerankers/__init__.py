"""Rerankers: passages ordered anew by a closer look, one file each."""
