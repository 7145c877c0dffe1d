"""Train the embedded reader: ``python -m crossover.experiments.reader DATA --out FOLDER``."""
