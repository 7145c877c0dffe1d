"""Routers: from what is known of a question to the strategy that answers it."""
