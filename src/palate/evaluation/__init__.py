"""Evaluation: metrics, intervals, comparisons and cross-validation."""
