"""Where numbers lie on the ground: systems, readings, evidence."""
