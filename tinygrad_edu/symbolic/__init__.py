"""A graph as text and text as a graph: formulas, their names and brackets, and NumPy source."""
