"""The rules: one family a file, its words beside it."""
