"""What a linear item model learned: a weight from each item to each other item."""
