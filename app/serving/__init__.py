"""Parts of the HTTP server."""
