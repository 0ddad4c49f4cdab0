"""The map of a survey that is too large for one page."""
