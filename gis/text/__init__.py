"""Text as the field writes it: letters, numbers, dates, encodings."""
