"""Anybody's prediction files scored: one module per format, ``score_file`` for them all."""

from crossover.scoring.files import FORMATS, read_predictions
from crossover.scoring.score import FileScores, MetricScore, score_file

__all__ = ["FORMATS", "FileScores", "MetricScore", "read_predictions", "score_file"]
