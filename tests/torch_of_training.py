"""How optimisers and schedules go in PyTorch: weights over 100 steps, rates over 60. Run it to make the golden data.

Each sample is made twice by the same words, from `torch.optim` and from ours: keywords are PyTorch's.
"""

from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).parent / "golden" / "training.npz"
STEPS, EVERY, RATES = 100, 20, 60
START = np.array([[0.5, -1.2, 2.0], [1.5, -0.3, 0.8]])
SCALE = np.array([0.5, 3.0, 20.0])

OPTIMIZERS = {
    "SGD": ("SGD", {"lr": 0.02}),
    "SGD momentum": ("SGD", {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.01}),
    "SGD nesterov": ("SGD", {"lr": 0.02, "momentum": 0.8, "nesterov": True}),
    "RMSprop": ("RMSprop", {"lr": 0.02}),
    "RMSprop momentum": ("RMSprop", {"lr": 0.005, "alpha": 0.9, "momentum": 0.7, "weight_decay": 0.01}),
    "RMSprop centered": ("RMSprop", {"lr": 0.005, "alpha": 0.95, "centered": True}),
    "RMSprop both": ("RMSprop", {"lr": 0.003, "centered": True, "momentum": 0.5}),
    "Adagrad": ("Adagrad", {"lr": 0.1}),
    "Adagrad decay": (
        "Adagrad",
        {"lr": 0.2, "lr_decay": 0.05, "weight_decay": 0.01, "initial_accumulator_value": 0.5},
    ),
    "Adam": ("Adam", {"lr": 0.05}),
    "Adam decay": ("Adam", {"lr": 0.05, "betas": (0.8, 0.99), "weight_decay": 0.1}),
    "Adam amsgrad": ("Adam", {"lr": 0.05, "amsgrad": True}),
    "AdamW": ("AdamW", {"lr": 0.05, "weight_decay": 0.1}),
}
GROUPS = {"lr": 0.1, "weight_decay": 0.2}  # of the second of two groups
SCHEDULES = {
    "StepLR": ("StepLR", {"step_size": 7, "gamma": 0.5}),
    "MultiStepLR": ("MultiStepLR", {"milestones": [5, 20, 21], "gamma": 0.3}),
    "ExponentialLR": ("ExponentialLR", {"gamma": 0.95}),
    "LambdaLR": ("LambdaLR", {"lr_lambda": lambda t: 1 / (1 + t)}),
    "LinearLR": ("LinearLR", {"start_factor": 0.1, "end_factor": 0.8, "total_iters": 25}),
    "CosineAnnealingLR": ("CosineAnnealingLR", {"T_max": 25, "eta_min": 0.01}),
    "restarts": ("CosineAnnealingWarmRestarts", {"T_0": 5, "T_mult": 2, "eta_min": 0.01}),
    "restarts of one length": ("CosineAnnealingWarmRestarts", {"T_0": 8}),
    "OneCycleLR": ("OneCycleLR", {"max_lr": 0.5, "total_steps": RATES + 1}),
    "OneCycleLR linear": (
        "OneCycleLR",
        {"max_lr": 0.5, "epochs": 7, "steps_per_epoch": 9, "pct_start": 0.4, "anneal_strategy": "linear"},
    ),
    "plateau": ("ReduceLROnPlateau", {"factor": 0.5, "patience": 2, "cooldown": 3, "min_lr": 0.001}),
    "plateau, largest": (
        "ReduceLROnPlateau",
        {"mode": "max", "factor": 0.3, "patience": 1, "threshold": 0.2, "threshold_mode": "abs"},
    ),
}
MEASURES = 2 + np.cos(np.arange(RATES) / 4) / (1 + np.arange(RATES) / 15)


def loss(m, u, v):
    """Compute a function with valleys of several steepnesses; `m` has cos and sum, and u and v are parameters."""
    return m.sum(u * u * m.asarray(SCALE)) / 10 + m.sum(m.cos(v * 2)) + m.sum(u * v)


def course(module, numbers, name, how, parameters, groups=False):
    """Return where two parameters are after every 20 steps of an optimiser of `module`."""
    u, v = parameters
    given = [{"params": [u]}, {"params": [v], **GROUPS}] if groups else [u, v]
    optimizer = getattr(module, name)(given, **how)
    seen = []
    for step in range(1, STEPS + 1):
        optimizer.zero_grad()
        loss(numbers, u, v).backward()
        optimizer.step()
        if step % EVERY == 0:
            seen.append([w.detach().numpy().tolist() for w in (u, v)])
    return np.array(seen)


def rates(optimizer, schedule):
    """Return the rate and the momentum of two groups before each step of a schedule."""
    seen = []
    for measure in MEASURES:
        seen.append([x for group in optimizer.param_groups for x in (group["lr"], group["momentum"])])
        schedule.step(*[measure] * type(schedule).__name__.startswith("Reduce"))
    return np.array(seen)


def answers():
    """Ask PyTorch for every course."""
    import torch

    def parameters():
        return [torch.tensor(w, requires_grad=True) for w in START]

    found = {name: course(torch.optim, torch, kind, how, parameters()) for name, (kind, how) in OPTIMIZERS.items()}
    for name in ("SGD momentum", "AdamW"):
        found[f"{name} of groups"] = course(torch.optim, torch, *OPTIMIZERS[name], parameters(), groups=True)
    for name, (kind, how) in SCHEDULES.items():
        u, v = parameters()
        optimizer = torch.optim.SGD([{"params": [u]}, {"params": [v], "lr": 0.02}], lr=0.1, momentum=0.9)
        found[f"rates {name}"] = rates(optimizer, getattr(torch.optim.lr_scheduler, kind)(optimizer, **how))
    optimizer = torch.optim.SGD([{"params": [u]}, {"params": [v], "lr": 0.02}], lr=0.1, momentum=0.9)
    found["rates warm-up"] = rates(optimizer, warm_up(torch.optim.lr_scheduler, optimizer))
    return found


def warm_up(module, optimizer):
    """Return a warm-up that a cosine follows."""
    parts = [module.LinearLR(optimizer, 0.1, total_iters=10), module.CosineAnnealingLR(optimizer, 40)]
    return module.SequentialLR(optimizer, parts, milestones=[10])


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, **answers())
