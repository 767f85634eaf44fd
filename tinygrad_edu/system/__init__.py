"""What this installation stands on: the libraries it found, and what multiplies matrices."""
