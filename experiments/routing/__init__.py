"""Routers from results: rows to learn from, fitting, and an honest verdict."""
