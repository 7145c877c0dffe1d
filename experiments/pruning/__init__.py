"""Train the models that prune words: ``python -m crossover.experiments.pruning DATA``."""
