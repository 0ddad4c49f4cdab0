"""Putting faults right: the loop that tries, the repairs, the changes that they make."""
