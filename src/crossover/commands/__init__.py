"""The commands that have a file of their own, each a thin call."""
