"""Many fits at once: grids, tuning, curves."""
