"""What a factorization learned, and what it says of a pair."""
