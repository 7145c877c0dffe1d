"""Exports of runs by the command line, for the tests of each form of export."""

from typer.testing import CliRunner

from crossover.cli import app


def export(*arguments):
    return CliRunner().invoke(app, ["export", *map(str, arguments)])
