"""What the report of a run is made of: the answer first, then tables, plots and the questions."""
