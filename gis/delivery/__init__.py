"""
Deliveries: files as they come from the field, and what they say.

Format, encoding, coordinate system and columns are found out, each from its evidence; what was found out and what is
doubtful goes with the inventory.
"""

from gis.delivery.assembly import read
from gis.delivery.draft import draft
from gis.delivery.inspection import inspect

__all__ = ["draft", "inspect", "read"]
