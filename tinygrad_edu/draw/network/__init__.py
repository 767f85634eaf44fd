"""A net as columns of neurons, as textbooks draw it."""
