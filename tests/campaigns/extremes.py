"""Hold every elementwise rule to itself in a wider precision, at many random numbers of every size.

    python tests/campaigns/extremes.py [rounds, 20 by default] [seed, 0 by default]

It prints what differs; the suite runs a slice of it, tests/test_extremes.py.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from extremes import ROWS, WIDER, compare, operands


def main(rounds=20, seed=0):
    rng = np.random.default_rng(seed)

    def numbers(dtype):
        info = np.finfo(dtype)
        exponent = rng.uniform(np.log2(info.smallest_subnormal), np.log2(info.max), 40)
        return (np.exp2(exponent.astype(np.longdouble)) * rng.choice((-1, 1), 40)).astype(dtype)

    found = 0
    for _ in range(rounds):
        for name in ROWS:
            for dtype in WIDER:
                for fault in compare(name, dtype, operands(name, dtype, numbers)):
                    found += 1
                    print(name, np.dtype(dtype).name, *fault)
    print(f"{found} differences in {rounds} rounds of {len(ROWS)} rows")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*map(int, sys.argv[1:]))
