"""Rows of the table in JavaScript, so that a page can compute what Python computed."""
