"""Pictures of a graph: one description, drawn by Graphviz where it is installed and by this package everywhere."""
