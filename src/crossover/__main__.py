"""``python -m crossover``: the command line."""

from crossover.cli import main

main()
