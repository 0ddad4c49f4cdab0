"""Figures and sentences for people."""
