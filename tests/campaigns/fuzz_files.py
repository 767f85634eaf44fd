"""Spoil files for every reader at random: each must be read, or refused in words. What is found goes into a test.

python tests/campaigns/fuzz_files.py [tries a reader] [seed] [words in the names of the readers to try]

`fuzz_files.txt` beside this file holds what a million came to.
"""

import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from hostile_files import attempt, readers, spoilt  # from the folder above
from test_files import same

from tinygrad_edu.io import pieces


def main(tries=2000, seed=0, words=()):
    """Spoil each file so many times and print what came of it; return how many were neither read nor refused.

    words: of the names of readers, of which one has to be in a name; all readers if there are none.
    """
    total, wrong = 0, 0
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        os.chdir(folder)
        for name, reader in readers(Path(folder)).items():
            if words and not any(word in name for word in words):
                continue
            rng, path = random.Random(f"{name} {seed}"), Path(folder, f"file{reader.suffix}")
            expected = attempt(reader, path, reader.content) if reader.exact else None
            refused, strangers, began = 0, 0, time.monotonic()
            tries_here = tries // 10 if name == "sheet" else tries  # which compares functions, and takes long
            for k in range(tries_here):
                content = spoilt(reader.content, rng, reader.words)
                pieces.PIECE = rng.choice((16, 48, 1 << 17))  # bytes: the small ones end in the middle of everything
                try:
                    found = attempt(reader, path, content, measured=k % 100 == 0)
                    known = name != "load.safetensors" or any(
                        key in content for key in (b'"sha256"', b'"tinygrad_edu"')
                    )
                    if not known:  # both names by which a file of ours is known are gone: it is another program's
                        strangers += 1
                    elif reader.exact and found is not None:
                        assert same(expected, found), "other numbers"
                    refused += found is None
                except BaseException as error:
                    if isinstance(error, KeyboardInterrupt):
                        raise
                    wrong += 1
                    print(f"{name}: {type(error).__name__}: {error!s:.100} of {content!r:.300}", flush=True)
            total += tries_here
            print(f"{name}: {tries_here:,} spoilt, {refused:,} refused, {time.monotonic() - began:.1f} s", flush=True)
    print(f"{total:,} files, {wrong} neither read nor refused")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:3]), sys.argv[3:])))
