"""Experiments: grids, runs, the result store, statistics and the report."""
