"""Training with several devices, and as one of several processes: what tests/test_xla_devices.py starts."""

import json
import math
import os
import re
import sys

import numpy as np


def say(found: object) -> None:
    """Print one line for the test."""
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def all_reduced(program: str) -> int:
    """Count the numbers that XLA's program adds up over devices."""
    results = re.findall(r"= (.*?) all-reduce(?:-start)?\(", program)
    shapes = [shape for result in results for shape in re.findall(r"f64\[([\d,]*)\]", result)]
    return sum(math.prod(int(n) for n in shape.split(",") if n) for shape in shapes)


def main(rank: int, processes: int, address: str, path: str) -> None:
    """Train beside the plain engine and say how far they are apart; then lose the other process, and say what follows.

    path: where to save a checkpoint. Without one, a process of two begins with other weights.
    """
    import jax

    jax.config.update("jax_num_cpu_devices", 4 // processes)
    if processes > 1:
        jax.distributed.initialize(address, processes, rank, heartbeat_timeout_seconds=10)
    import test_xla

    import tinygrad_edu as tg
    from tinygrad_edu.errors import CompileError

    devices = 4 if processes > 1 else jax.make_mesh((4,), ("rows",))
    how = {"jax": {"devices": devices}, None: {}}
    ours, plain = (test_xla.Run("both", "momentum", backend, 0.05, **more) for backend, more in how.items())
    if not path and rank:
        next(iter(ours.model.parameters())).data += 1e-9
    data = test_xla.batches("both", 3, 32) + test_xla.batches("both", 2, 33)
    try:
        losses, theirs = ours.train(data), plain.train(data)
        parts = zip([*losses, *ours.left()], [*theirs, *plain.left()], strict=True)
        apart = max(float(np.max(np.abs(np.asarray(a) - np.asarray(b)))) for a, b in parts)
        say({"apart": apart, "reduced": all_reduced(ours.step.last.executable.run.as_text())})
        if processes > 1 and rank:
            os._exit(9)
        if processes > 1:
            tg.save({"model": ours.model.state_dict(), "optimizer": ours.optimizer.state_dict()}, path)
            for _ in range(1000):
                ours.step(*data[0])
    except CompileError as error:
        say({"error": str(error)})
        os._exit(1)  # JAX would wait for the other process


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
