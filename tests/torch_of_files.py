"""Files that PyTorch writes, small, of every kind of number: run it to make them anew."""

from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parent / "golden"
STATE, TRAINING = GOLDEN / "state.pt", GOLDEN / "training.pt"


def numbers():
    """Return what the state holds, by name, as NumPy has it."""
    whole = np.arange(12.0).reshape(3, 4) / 8
    return {
        "double": whole,
        "single": whole.astype(np.float32),
        "half": whole.astype(np.float16),
        "brain": whole.astype(np.float32),  # all of them are numbers of bfloat16
        "transposed": whole.T,
        "part": whole[1:, ::2],
        "stretched": np.broadcast_to(whole[0], (3, 4)),
        "count": np.array(7),
        "small": np.arange(-3, 3, dtype=np.int8),
        "bytes": np.arange(5, dtype=np.uint8),
        "truth": np.array([True, False]),
        "complex": whole + 1j,
        "none at all": np.zeros((0, 3), np.float32),
    }


def write():
    """Write a state_dict, and a checkpoint of a training run in PyTorch's way."""
    import torch

    whole = torch.arange(12.0, dtype=torch.float64).reshape(3, 4) / 8
    state = {name: torch.tensor(x) for name, x in numbers().items()}
    state |= {"transposed": whole.T, "part": whole[1:, ::2], "stretched": whole[0].expand(3, 4)}
    state |= {"brain": state["brain"].to(torch.bfloat16), "double": torch.nn.Parameter(state["double"])}
    torch.save(state, STATE)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    x = torch.linspace(-1, 1, 15).reshape(5, 3)
    for _ in range(3):
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()
    training = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "note": "a run"}
    torch.save(training | {"output": model.eval()(x), "shape": x.shape}, TRAINING)


if __name__ == "__main__":
    write()
