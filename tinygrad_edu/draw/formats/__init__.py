"""A laid-out picture written as SVG, DOT, TikZ, MathML or PNG."""
