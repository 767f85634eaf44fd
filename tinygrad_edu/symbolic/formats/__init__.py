"""Notations in which the formula writer writes: the interface, and one module for each."""
