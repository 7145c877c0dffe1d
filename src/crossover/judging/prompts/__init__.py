"""The prompts of judges: one YAML file per mode, each with a version."""
