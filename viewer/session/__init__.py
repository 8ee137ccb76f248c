"""What is open now: mutable, and still without Qt."""
