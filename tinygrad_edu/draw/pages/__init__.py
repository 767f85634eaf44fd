"""Self-contained HTML pages: the stepper, a training run replayed, nudges, a canvas for digits."""
