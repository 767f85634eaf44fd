"""Rewrites of a program that keep its results: exact algebra, horizontal fusion, tiling."""
