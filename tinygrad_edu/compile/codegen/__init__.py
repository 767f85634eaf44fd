"""A program written down as straight-line Python."""
