"""What the dashboard's pages share."""
