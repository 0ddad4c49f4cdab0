"""What a file is, whether it is safe, and what it holds."""
