"""What is made of a survey: map, report, tables, and files for other programs."""
