"""Metrics by family; each is a function of an example and an answer, listed in ``__all__``."""
