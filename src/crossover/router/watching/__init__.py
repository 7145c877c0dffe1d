"""Watching a router in production: its decisions logged, graded, checked for drift, shadowed."""
