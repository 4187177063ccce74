"""The explorer: the core in the browser."""
