"""Judge right gradients, noise and mistakes of random nets in every style: counts by style, and what was missed.

python tests/campaigns/verdicts.py [nets a style]
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from verdicts_by_style import ALL_STYLES, tried  # from the folder above

NAMES = ("right", "right accepted", "noise", "noise explained", "wrong", "wrong accepted", "first", "in two")


def main(nets):
    """Print one line for each style, and what was missed."""
    total = Counter()
    for k, (style, columns, dtype) in enumerate(ALL_STYLES):
        counts, missed = tried(np.random.default_rng(1000 + k), style, columns, dtype, nets)
        total += counts
        said = f"{style:8} {'columns' if columns else 'rows':8} {dtype.__name__:8}"
        print(said, *(f"{name} {counts[name]}" for name in NAMES), sep=" | ")
        print("   missed:", missed[:6])
    print("all", *(f"{name} {total[name]}" for name in NAMES), sep=" | ")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
