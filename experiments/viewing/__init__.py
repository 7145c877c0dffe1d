"""What the dashboard looks at: runs by their rows, computed by the report's own functions."""
