"""Checks of derivatives against numbers that no rule of the table had a hand in."""
