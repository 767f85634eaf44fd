"""The medium net on XLA on one, two and four devices of this machine, and on two processes as if they were two hosts.

A CPU stands for several devices, which share its core here: what is measured is what dividing a step costs, not what
it gains. The second process takes the same steps as the first, which waits for it in every one.
"""

from __future__ import annotations

import atexit
import functools
import os
import socket
import subprocess
import sys
from collections.abc import Callable

from matrices import Net, ours
from scalars import Step


def divided(net: Net, devices: int, here: int) -> Step:
    """Return the step of a net whose rows are divided among devices, so many of them in this process."""
    import jax

    import tinygrad_edu

    jax.config.update("jax_num_cpu_devices", here)
    return ours(net, functools.partial(tinygrad_edu.compile, backend="jax", devices=devices))


def on_devices(devices: int) -> Callable[[Net], Step]:
    """Return what gets a step on so many devices of this process ready."""
    return lambda net: divided(net, devices, devices)


def on_two_hosts(net: Net) -> Step:
    """Return the step of a net on two processes of one device each, and start the other one."""
    import jax

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, __file__, address, str(net.rows), *map(str, net.sizes)]
    other = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)

    def end() -> None:
        other.kill()
        os._exit(0)  # JAX would wait for the other one to end by itself

    jax.distributed.initialize(address, 2, 0)
    atexit.register(end)  # before JAX's own, which was registered earlier
    return divided(net, 2, 1)


def main(address: str, rows: str, *sizes: str) -> None:
    """Be the other process: take steps until it is ended."""
    import jax

    jax.distributed.initialize(address, 2, 1)
    step = divided(Net(int(rows), tuple(map(int, sizes))), 2, 1)
    while True:
        step()


SUBJECTS: dict[str, Callable[[Net], Step]] = {
    "1 device": on_devices(1),
    "2 devices": on_devices(2),
    "4 devices": on_devices(4),
    "2 processes": on_two_hosts,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
