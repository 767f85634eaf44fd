"""The catalogue of mistakes that people make by hand, each as a change of the backward pass."""
