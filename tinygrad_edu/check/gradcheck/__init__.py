"""Derivatives measured from values alone, and a rule's derivative held against them."""
