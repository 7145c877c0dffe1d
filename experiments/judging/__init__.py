"""Judges at work: verdicts on a run, rankings from comparisons, agreement with labels."""
