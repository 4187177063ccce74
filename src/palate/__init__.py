"""palate: matrix-factorization recommendations, trained in seconds and honest about what they know."""
