"""Where a program's arrays lie: buffers by liveness, and state that stays between calls."""
