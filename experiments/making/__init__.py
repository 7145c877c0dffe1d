"""Question sets from one's own documents: proposed, checked, counted and reviewed."""
