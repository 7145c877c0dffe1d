"""Two runs against each other, with conditions that a build may fail on."""
