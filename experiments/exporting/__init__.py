"""A run's results for other tools: tables, MLflow and OpenTelemetry spans."""
