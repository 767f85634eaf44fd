"""A graph of scalars becomes a graph of arrays."""
