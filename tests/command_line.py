"""The command line, run in this process."""

import sys

from crossover.cli import main


def crossover(capsys, *arguments):
    """Run the command line in this process; return its exit code, output and error output."""
    before, sys.argv = sys.argv, ["crossover", *map(str, arguments)]
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    finally:
        sys.argv = before
    captured = capsys.readouterr()
    return code, captured.out, captured.err
