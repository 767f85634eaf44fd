"""A learner's own backward code, checked line by line."""
