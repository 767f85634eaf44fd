"""The engine: what remembers and what differentiates; `README.md` beside this file gives the order of reading."""
