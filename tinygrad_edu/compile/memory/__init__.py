"""Memory of a program's arrays: buffers by liveness, and state that stays between calls."""
