"""The installation: the libraries that were found, and the one that multiplies matrices."""
