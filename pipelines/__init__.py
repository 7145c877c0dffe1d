"""Strategies: one way each from a question over documents to an answer."""
