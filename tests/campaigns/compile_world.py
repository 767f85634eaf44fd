"""Run thousands of random compiled functions in a changing world: `python tests/campaigns/compile_world.py 0 5000`."""

import sys
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
warnings.simplefilter("ignore")

import changing_world  # noqa: E402  # after the path to it


def campaign(first, last):
    """Run the programs of seeds from `first` to `last`; return how they came out, and print those that disagree."""
    found = Counter()
    for seed in range(first, last):
        try:
            found[changing_world.run(seed)] += 1
        except AssertionError as error:
            found["disagreed"] += 1
            sys.stdout.write(f"{error}\n")
    return found


if __name__ == "__main__":
    outcome = campaign(*map(int, sys.argv[1:3]))
    sys.stdout.write(f"{dict(outcome)}\n")
    sys.exit(bool(outcome["disagreed"]))
