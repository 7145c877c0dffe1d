"""Sources of questions over documents, one file or folder each."""
