"""Kill a training run with SIGKILL at random moments, 100 times, and let it go on: the last bits must be the same.

python tests/campaigns/killed_runs.py [kills] [seed]
"""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = Path(__file__).parent.parent / "training_run.py"


def run(checkpoint, mode, limit=None):
    """Run the program; kill it after `limit` seconds. Return what it printed, or nothing where it was killed.

    Raises RuntimeError where it fails by itself: that is no kill.
    """
    process = subprocess.Popen([sys.executable, str(PROGRAM), checkpoint, mode], stdout=subprocess.PIPE, text=True)
    try:
        answer = process.communicate(timeout=limit)[0].strip()
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return ""
    if process.returncode or not answer:
        raise RuntimeError(f"the run of {checkpoint} failed by itself, with {process.returncode}")
    return answer


def killed(mode, rng, kills, folder):
    """Kill runs until `kills` are dead; return how many, and how many runs that were taken up came to other bits."""
    began = time.monotonic()
    expected = run(str(Path(folder, f"whole-{mode}.npz")), mode)
    length, dead, wrong, k = time.monotonic() - began, 0, 0, 0
    assert expected
    while dead < kills:
        checkpoint, answer, k = str(Path(folder, f"{mode}-{k}.npz")), "", k + 1
        tries = 0
        while not answer:
            tries += 1
            answer = run(checkpoint, mode, rng.uniform(0.3, 1.1) * length if tries < 20 and dead < kills else None)
            dead += not answer
        wrong += answer != expected
    return dead, wrong


def main(kills=100, seed=0):
    """Kill plain and compiled runs, half and half, and print what came of it."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        for mode in ("plain", "compiled"):
            dead, wrong = killed(mode, rng, kills // 2, folder)
            print(f"{mode}: {dead} killed, {wrong} came to other bits")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
