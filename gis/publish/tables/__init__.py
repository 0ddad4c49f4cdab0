"""Tables: for the terminal, as CSV, as spreadsheets."""
