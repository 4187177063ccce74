"""What a linear item model learned: a weight from each item to each other, and what they say of a
user's items.
"""
