"""A fault at any line of the package leaves state whole: as it was before, or as it is after, never between."""

import builtins
import gc
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, Value, nn
from tinygrad_edu.compile import compiled as compiler
from tinygrad_edu.compile.vectorize.parked_leaves import LeafGroup, ParkedLeaves
from tinygrad_edu.core.context import PLAIN_MODE, mode
from tinygrad_edu.core.leaf_set import stepped_since_zero_grad
from tinygrad_edu.errors import CheckpointError, ShapeError, StaleGraphError
from tinygrad_edu.errors.where import package_files
from tinygrad_edu.nn import optim
from tinygrad_edu.train import resume
from tinygrad_edu.train.progress import Progress
from tinygrad_edu.train.run import TrainingRun

FAULTS = [RuntimeError, KeyboardInterrupt, MemoryError]


class World:
    """Leaves, graphs and modules, an action on them, and all that can be seen of them."""

    stride = 1  # at every which line a fault strikes
    fresh = False  # whether a look at it changes how it lies in memory, so that every fault needs a new one

    def __init__(self, act, leaves, graph=None, interior=(), others=lambda: ()):
        self.act, self.leaves, self.graph, self.interior, self.others = act, leaves, graph, interior, others

    def seen(self):
        """Everything that the action may change, with whether the graph is stale."""
        leaves = [
            (seen(x._data), seen(x._grad), x.op, len(x.inputs), bool(stepped_since_zero_grad.common([x])))
            for x in self.leaves
        ]
        return leaves, [seen(z._grad) for z in self.interior], [seen(x) for x in self.others()], self.stale()

    def stale(self):
        try:
            return None if self.graph is None else not tg.gradients(self.graph, self.leaves)
        except StaleGraphError:
            return True


def seen(x):
    return (x.dtype, x.shape, x.tobytes()) if isinstance(x, np.ndarray) else repr(x)


def of_values():
    net = nn.MLP(2, [2, 1], "tanh", rng=0)
    return net, net.parameters(), net([0.5, Value(-1.0, requires_grad=False)])


def of_tensors():
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1))
    return net, net.parameters(), (net(Tensor([[0.5, -1.0], [2.0, 0.25]], requires_grad=False)) ** 2).sum()


def interior_of(loss):
    return [z for z in tg.core.backprop.history(loss) if z.op is not None]


def backward(make):
    _, leaves, loss = make()
    loss.backward()
    return World(loss.backward, leaves, loss, interior_of(loss))


def backward_again_after_a_step(make):
    net, leaves, loss = make()
    loss.backward()
    optim.SGD(leaves, lr=0.1).step()
    again = net([0.5, -1.0]) if isinstance(loss, Value) else net(Tensor([[0.5, -1.0]])).sum()
    return World(again.backward, leaves, again)


def step(make, kind=optim.Adam):
    _, leaves, loss = make()
    loss.backward()
    optimizer = kind(leaves, lr=0.1)
    return World(optimizer.step, leaves, loss, (), lambda: [optimizer.steps, *sum(optimizer.memory, ())])


def zero_grad(make):
    net, leaves, loss = make()
    loss.backward()
    optim.SGD(leaves, lr=0.1).step()
    return World(net.zero_grad, leaves)


def clip(make):
    _, leaves, loss = make()
    loss.backward()
    return World(lambda: nn.clip_grad_norm(leaves, 1e-3), leaves)


def load(make):
    net, leaves, loss = make()
    saved = {name: x * 2.0 for name, x in net.state_dict().items()}
    return World(lambda: net.load_state_dict(saved), leaves, loss)


def load_optimizer(make):
    _, leaves, loss = make()
    loss.backward()
    optimizer = optim.AdamW(leaves, lr=0.1)
    optimizer.step()
    saved = optimizer.state_dict()
    optimizer.step()
    optimizer.lr = 0.2
    state = lambda: [optimizer.steps, optimizer.lr, *sum(optimizer.memory, ())]  # noqa: E731
    return World(lambda: optimizer.load_state_dict(saved), leaves, None, (), state)


def two_groups():
    _, leaves, loss = of_tensors()
    loss.backward()
    groups = [{"params": leaves[:2]}, {"params": leaves[2:], "lr": 0.01}]
    return optim.SGD(groups, lr=0.1, momentum=0.9), leaves


def settings_of(optimizer):
    return [sorted(group.settings().items()) for group in optimizer.param_groups]


def scheduled(make, act=lambda schedule: schedule.step()):
    optimizer, _ = two_groups()
    schedule = make(optimizer)
    return World(lambda: act(schedule), [], None, (), lambda: [settings_of(optimizer), schedule.state_dict()])


def schedule_step(_):
    return scheduled(lambda o: optim.OneCycleLR(o, 0.5, 10))


def schedule_of_schedules(_):
    parts = lambda o: [optim.LinearLR(o, 0.5), optim.ExponentialLR(o, 0.9)]  # noqa: E731
    return scheduled(lambda o: optim.SequentialLR(o, parts(o), [1]))


def schedule_of_a_measure(_):
    return scheduled(lambda o: optim.ReduceLROnPlateau(o, patience=0, threshold=-1.0), lambda s: s.step(2.0))


def load_schedule(_):
    saved = optim.StepLR(two_groups()[0], 2, 0.5).state_dict() | {"t": 5}
    return scheduled(lambda o: optim.StepLR(o, 2, 0.5), lambda s: s.load_state_dict(saved))


def set_momentum(_):
    optimizer, _ = two_groups()

    def act():
        optimizer.momentum = 0.5

    return World(act, [], None, (), lambda: [settings_of(optimizer)])


def add_group(_):
    optimizer, leaves = two_groups()
    more = {"params": [Tensor([1.0])], "lr": 0.5}
    state = lambda: [settings_of(optimizer), len(optimizer.params), len(optimizer.memory)]  # noqa: E731
    return World(lambda: optimizer.add_param_group(more), leaves, None, (), state)


def resume_run(_):
    net = nn.Sequential(nn.Linear(2, 3, rng=0), nn.BatchNorm1d(3), nn.Dropout(0.5, rng=1), nn.Linear(3, 1, rng=2))
    run = run_of(net)
    run.one_epoch(Progress(1, 0, False), None, None)
    saved = resume.run_state(run)
    run.one_epoch(Progress(1, 0, False), None, None)
    state = lambda: [resume.run_state(run) | {"history": run.history.numbers()}]  # noqa: E731
    world = World(lambda: resume.put(run, saved), net.parameters(), None, (), state)
    world.stride = 17  # its lines are thousands
    return world


def run_of(net):
    x, y = np.arange(12.0).reshape(6, 2), np.arange(6.0)[:, None]
    optimizer = optim.Adam(net.parameters())
    schedule = optim.ExponentialLR(optimizer, 0.9)
    run = TrainingRun(net, (x, y), None, optimizer, 2, 3, None, None, None, schedule, None, 0)
    run.choose_step(False)
    return run


def evaluate(make):
    net, leaves, _ = make()
    return World(net.eval, leaves, None, (), lambda: [module.training for _, module in net.named_modules()])


def forward(make):
    net, leaves, _ = make()
    x = [0.5, -1.0] if make is of_values else Tensor([[0.5, -1.0]])
    return World(lambda: net(x), leaves)


def assign(make):
    _, leaves, loss = make()
    new = 0.125 if make is of_values else np.ones((3, 2))
    return World(lambda: leaves[0].assign(new), leaves, loss)


def set_grad(make):
    _, leaves, loss = make()
    loss.backward()
    optim.SGD(leaves, lr=0.1).step()

    def act():
        leaves[0].grad = None

    return World(act, leaves)


def normalise(_):
    layer = nn.BatchNorm1d(2)
    x = Tensor([[1.0, 2.0], [3.0, 5.0]])
    return World(lambda: layer(x), [layer.running_mean, layer.running_var, layer.num_batches_tracked])


def write(_):
    w = Tensor([1.0, 2.0, 3.0])
    u = w * 2.0
    before = (u * u).sum()  # is stale once u is written into
    value = u[1] * 3.0

    def act():
        u[0] = value

    return World(act, [u, value], before)


def add_in_place(_):
    x = Tensor([1.0, 2.0], requires_grad=False)
    y = Tensor([1.0, 2.0])
    loss = (x * y).sum()
    names = {"x": x}

    def act():
        names["x"] += 1.0

    world = World(act, [x], None, (), lambda: [type(names["x"])])
    world.stale = lambda: _stale(loss, y)
    return world


def _stale(loss, y):
    try:
        tg.gradients(loss, [y])
    except StaleGraphError:
        return True
    return False


def compiled_step(_, compared=False):
    _, leaves, _ = of_tensors()
    optimizer, x = optim.Adam(leaves, lr=0.1), np.array([[0.5, -1.0], [2.0, 0.25]])
    drop = nn.Dropout(0.5, rng=0)

    @tg.compile
    def train(x):
        w, b, v, c = leaves
        loss = ((drop(tg.tanh(x @ w.T + b)) @ v.T + c) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    def step():
        train.last.left = 0 if compared else 1
        train(x)

    for _ in range(3):
        train(x)
    drawn = drop.rng.bit_generator
    world = World(step, leaves, None, (), lambda: [optimizer.steps, drawn.state, *sum(optimizer.memory, ())])
    world.stride = 7 if compared else 1
    return world


def compared_step(_):
    """A step of a program that is compared with the function itself."""
    return compiled_step(_, compared=True)


def in_a_folder(act, leaves, folder):
    """A world that has files in it, with the folder kept as long as the world is."""
    return World(act, leaves, None, (), lambda: [(p.name, p.read_bytes()) for p in sorted(Path(folder.name).iterdir())])


def parked(look=False, calls=1):
    """Leaves whose numbers a program keeps in its arrays; it has been called so often before."""
    leaves = [Value(k) for k in (1.0, 2.0, 3.0)]
    parking = ParkedLeaves([LeafGroup(leaves)], [LeafGroup(leaves[:2])], [LeafGroup(leaves[2:])])
    parking.left = 0

    def call(k):
        parking.commit([np.array([k, k + 1, k + 2])], [np.array([-k, k / 2])])

    for k in range(calls):
        call(4.0 + k)

    def called_again():
        call(20.0)
        return [(x.data, x.grad) for x in leaves]

    world = World(lambda: leaves[1].data if look else call(8.0), leaves, None, (), called_again)
    world.fresh = True
    return world


def first_park(_):
    return parked(calls=0)


def commit_parked(_):
    return parked()


def look_at_parked(_):
    return parked(look=True)


def record(_):
    net, leaves, _ = of_tensors()
    recorder = tg.Recorder(net, frames=2)
    recorder.record(3.0)
    kept = lambda: [recorder.losses, recorder.every, [frame.step for frame in recorder.frames]]  # noqa: E731
    return World(lambda: recorder.record(2.0), leaves, None, (), kept)


def save_file(_):
    pytest.importorskip("safetensors", reason='needs pip install "tinygrad-edu[io]"')
    net, leaves, _ = of_tensors()
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name, "net.safetensors")
    path.write_bytes(b"the old file")
    return in_a_folder(lambda: tg.save(net, path), leaves, folder)


def load_file(_):
    net, leaves, _ = of_tensors()
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name, "net.npz")
    tg.save({name: x * 2.0 for name, x in net.state_dict().items()}, path)
    world = in_a_folder(lambda: net.load_state_dict(tg.load(path)), leaves, folder)
    world.stride = 7
    return world


def draw(make):
    _, leaves, loss = make()
    loss.backward(retain_grad=True)
    world = World(lambda: tg.draw(loss).svg(), leaves, loss, interior_of(loss))
    world.stride = 2003  # its lines are tens of thousands
    return world


SCENARIOS = {
    f"{scenario.__name__} of {make.__name__[3:]}": (scenario, make)
    for scenario in (
        forward,
        backward,
        backward_again_after_a_step,
        step,
        zero_grad,
        clip,
        load,
        load_optimizer,
        evaluate,
        assign,
        set_grad,
        draw,
    )
    for make in (of_values, of_tensors)
} | {
    f.__name__: (f, None)
    for f in (
        normalise,
        write,
        add_in_place,
        schedule_step,
        schedule_of_schedules,
        schedule_of_a_measure,
        load_schedule,
        set_momentum,
        add_group,
        resume_run,
        compiled_step,
        compared_step,
        first_park,
        commit_parked,
        look_at_parked,
        record,
        save_file,
        load_file,
    )
}


class Fault:
    """Raises at the k-th line of the package that runs, counted from 1; of some of its files, where they are given."""

    def __init__(self, k, error, within=package_files):
        self.k, self.error, self.within, self.lines = k, error, within, 0

    def __call__(self, frame, event, _):
        if not self.within[frame.f_code.co_filename]:
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self.k:
                raise self.error
        return self


def struck(act, fault):
    """Do something with a fault; return whether it struck."""
    with np.errstate():  # a trace can strike between a block and its `__exit__`, where Python takes no interrupt
        usual = sys.gettrace()  # that of a measurement of coverage
        sys.settrace(fault)
        try:
            act()
        except (fault.error, CheckpointError, ShapeError):  # a file whose reading fails, an operation that fails
            pass
        finally:
            sys.settrace(usual)
    return fault.lines >= fault.k


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_state_is_whole_after_a_fault_at_any_line(scenario, engine, request):
    if engine == "plain":
        request.getfixturevalue("plain_engine")
    make, of = SCENARIOS[scenario]
    world = make(of)
    before = world.seen()
    world.act()
    after = world.seen()
    assert scenario.startswith(("forward", "draw", "look")) or before != after, (
        "the action changes nothing, so nothing can be torn"
    )
    k, strikes, world = 0, 0, make(of)
    while True:
        k += world.stride
        if not struck(world.act, Fault(k, FAULTS[k % len(FAULTS)])):
            break
        strikes += 1
        assert mode() is PLAIN_MODE, k
        found = world.seen()
        assert found in (before, after), f"torn by a fault at line {k} of the package"
        if found != before or world.fresh:
            world = make(of)
    assert strikes >= 2


TRACING = [
    str(Path(compiler.__file__).with_name(f"{name}.py")) for name in ("specialization", "trace", "builtin_extremes")
]


def test_a_fault_at_any_line_of_tracing_leaves_no_trace_on():
    """Modes, Python's own max and min, and a leaf that the function assigns; and the next call is right."""
    own, within = (builtins.max, builtins.min), defaultdict(bool, dict.fromkeys(TRACING, True))
    k = 0
    while True:
        k += 2  # every other line, each kind of fault still
        w = Value(3.0)

        @tg.compile
        def square(x, w=w):
            w.data = max(x, w.data) * 2.0
            return x * x

        strikes = struck(lambda f=square: f(2.0), Fault(k, FAULTS[k % len(FAULTS)], within))
        assert mode() is PLAIN_MODE, k
        gc.collect(0)
        assert max(1, 2) == 2
        assert (builtins.max, builtins.min) == own, k
        now = w.data
        assert now in (3.0, 6.0), k
        assert [square(x) for x in (3.0, -1.0)] == [9.0, 1.0]
        assert w.data == 2.0 * max(-1.0, 2.0 * max(3.0, now))
        if not strikes:
            break
    assert k > 100
