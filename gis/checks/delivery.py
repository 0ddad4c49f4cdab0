"""Checks of the delivery itself: the reading notes what it meets, and here it becomes findings."""
