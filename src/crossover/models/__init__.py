"""Answering models, one file each; ``provider:model`` is any LangChain chat model."""
