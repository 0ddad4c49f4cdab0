"""Findings and inventories in the formats of other programs."""
