"""Which column of a delivery is which."""
