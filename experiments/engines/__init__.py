"""Where the questions of a run are answered: one engine a file."""
