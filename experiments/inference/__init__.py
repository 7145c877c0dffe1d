"""Paired inference: differences, tests, effects, power, crossover points, break-even, seeds."""
