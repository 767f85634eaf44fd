"""A computation graph as a picture: its cards, edges, groups and labels."""
