"""Ratings, catalogs and the files they come from."""
