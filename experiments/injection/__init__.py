"""Planted instructions: what they do to strategies, and finding them."""
