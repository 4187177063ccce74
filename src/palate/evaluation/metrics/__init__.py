"""Metrics: functions of arrays, one value per user, each with its formula."""
