"""Readers of a recorded graph: as a formula, as the chain rule in words, as source code, as a tree.

What stands here by name is what the neighbours of this floor may use.
"""

from ..symbolic.formula import formula as formula
