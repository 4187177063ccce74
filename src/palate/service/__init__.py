"""The service: the core behind an HTTP API."""
