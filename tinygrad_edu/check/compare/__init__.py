"""A gradient derived by hand set beside the automatic one, and the report on both."""
