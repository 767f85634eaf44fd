"""A class: exercises that differ by seed, and marks for a folder of submissions."""
