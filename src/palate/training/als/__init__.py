"""Least squares by alternating row solves."""
