"""One file for each way to choose a strategy."""
