"""What PyTorch answers to all the samples: the golden data of the comparison with it.

`python tests/torch_samples.py`, where torch is installed, writes them. Importing this file needs no torch.

Where conventions differ the sample spells out the one in the other's words, and says why. Points that have no
derivative are not sampled: the number policy has its own tests.
"""

import zlib
from pathlib import Path

import numpy as np
from torch_of_arrays import CUMULATIVE, ORDER, REDUCTIONS
from torch_of_networks import ACTIVATIONS, NETWORKS
from torch_of_numbers import ELEMENTWISE
from torch_of_products import FFT, LINALG, PRODUCTS
from torch_of_shapes import INDEXING, SHAPES

GOLDEN = Path(__file__).parent / "golden" / "torch.npz"
NUMPYS = [*ELEMENTWISE, *REDUCTIONS, *CUMULATIVE, *ORDER, *INDEXING, *SHAPES, *PRODUCTS, *LINALG, *FFT]
OURS = [*ACTIVATIONS, *NETWORKS]
SAMPLES = [*NUMPYS, *OURS]


def answers(sample):
    """Ask PyTorch for a sample's value, its gradients, and the derivatives of these along directions.

    Returns them by the names of their golden data, and with them the numbers that they belong to: the operands, a
    direction for each, and the weights of the result. All are random, and all but the operands of either sign.
    """
    import torch

    rng = np.random.default_rng(zlib.crc32(sample.name.encode()))
    operands = [rng.uniform(low, high, shape) for shape, low, high in sample.operands]
    directions = [signed(rng, x.shape) for x in operands]
    xs = [torch.tensor(x, requires_grad=True) for x in operands]
    value = sample.torch(torch, *xs)
    weights = signed(rng, tuple(value.shape))
    zeros = {"allow_unused": True, "materialize_grads": True}
    first = torch.autograd.grad(value, xs, torch.tensor(weights), create_graph=True, **zeros)
    slope = sum((g * torch.tensor(v)).sum() for g, v in zip(first, directions, strict=True))
    second = torch.autograd.grad(slope, xs, **zeros) if slope.requires_grad else [torch.zeros_like(x) for x in xs]
    return {
        sample.name: value.numpy(force=True),
        f"{sample.name}'": flat([g.numpy(force=True) for g in first]),
        f"{sample.name}''": flat([h.numpy(force=True) for h in second]),
        f"{sample.name} at": flat([*operands, *directions, weights]),
    }


def signed(rng, shape):
    """Draw numbers of either sign, none of them small."""
    return rng.uniform(0.3, 1.5, shape) * rng.choice((-1.0, 1.0), shape)


def flat(arrays):
    """Return the numbers of several arrays in one vector: a file of fewer, larger entries is a smaller file."""
    return np.concatenate([np.ravel(x) for x in arrays])


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    np.savez_compressed(GOLDEN, **{key: x for sample in SAMPLES for key, x in answers(sample).items()})
