"""What a model knows of a benchmark before it is given the documents."""
