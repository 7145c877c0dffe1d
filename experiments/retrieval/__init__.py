"""Retrieval measured alone, without answers."""
