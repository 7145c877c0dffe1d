"""What a router looks at: named numbers of questions, documents, retrieval and answers."""
