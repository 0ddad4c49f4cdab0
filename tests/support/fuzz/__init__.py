"""Mutants of deliveries in every format, put through the real command: ``make fuzz MINUTES=…``."""
