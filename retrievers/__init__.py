"""Retrievers, one file each; chunkers have a folder of their own."""
