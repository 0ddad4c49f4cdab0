"""The report and what its page is made of."""
