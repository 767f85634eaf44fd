"""Readers of a recorded graph: as a formula, as the chain rule in words, as source code, as a tree."""
