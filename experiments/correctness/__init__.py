"""Fitting the metric ``correctness`` to a table of judged accuracies."""
