"""`fit` learns, measures, stops, keeps what it should, and goes on from a checkpoint to the same bits."""

import copy
import json
import os
import random

import numpy as np
import pytest
import training_run
from campaigns import killed_runs
from refusing import refuses
from test_faults import run_of

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import AnomalyError, CheckpointError, ShapeError
from tinygrad_edu.train import resume
from tinygrad_edu.train.progress import Progress


def digits(n=400):
    x, y = tg.data.load_digits()
    return x[:n].astype(np.float32), y[:n]


def net(rng=0, dropout=0.0):
    rng = np.random.default_rng(rng)
    return nn.Sequential(
        nn.Linear(64, 24, rng=rng, dtype=np.float32),
        nn.ReLU(),
        nn.Dropout(dropout, rng=rng),
        nn.Linear(24, 10, rng=rng, dtype=np.float32),
    )


def test_it_learns_and_its_history_tells_how(tmp_path):
    model = net()
    optimizer = nn.Adam(model.parameters(), 0.005)
    history = tg.fit(model, digits(), optimizer=optimizer, epochs=12, validation=0.25, progress=False)
    assert (history.stopped, history.compiled, history.note) == ("epochs", True, "")
    assert [*history.epochs[0]] == ["epoch", "loss", "accuracy", "validation_loss", "validation_accuracy", "lr"]
    assert len(history.epochs) == 12
    assert len(history.losses) == 12 * 10
    assert history.epochs[-1]["validation_accuracy"] > 0.85
    assert history.epochs[-1]["loss"] < history.epochs[0]["loss"] / 4
    x, y = digits()
    model.eval()
    whole = float(nn.functional.cross_entropy(model(x), y).data)
    assert whole < 0.5
    history.save(tmp_path / "run.csv")
    history.save(tmp_path / "run.json")
    assert len((tmp_path / "run.csv").read_text().splitlines()) == 13
    assert json.loads((tmp_path / "run.json").read_text())["losses"] == history.losses
    with refuses(ValueError, ".csv or .json"):
        history.save(tmp_path / "run.txt")
    assert "<svg" in history.replay().html
    pytest.importorskip("matplotlib")
    figure, _ = history.plot()
    assert len(figure.axes) == 2


@pytest.mark.parametrize("compiled", [False, True])
def test_it_does_what_the_loop_by_hand_does(compiled):
    x, y = digits(100)
    model, twin = net(3), net(3)
    history = tg.fit(
        model,
        (x, y),
        optimizer=nn.SGD(model.parameters(), 0.1),
        epochs=3,
        batch_size=32,
        progress=False,
        compile=compiled,
        rng=4,
    )
    rng, optimizer, losses = np.random.default_rng(4), nn.SGD(twin.parameters(), 0.1), []
    for _ in range(3):
        order = rng.permutation(100)
        for i in range(0, 100, 32):
            rows = order[i : i + 32]
            loss = nn.functional.cross_entropy(twin(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    np.testing.assert_allclose(history.losses, losses, rtol=1e-5)
    np.testing.assert_allclose(model[0].weight.data, twin[0].weight.data, rtol=1e-4, atol=1e-6)
    assert history.compiled is compiled


def test_the_same_seed_gives_the_same_bits():
    results = []
    for _ in range(2):
        model = net(1, 0.3)
        tg.fit(model, digits(100), epochs=2, validation=0.2, progress=False, rng=7)
        results.append(model.state_dict())
    assert all(np.array_equal(results[0][name], results[1][name]) for name in results[0])


def test_regression_uses_squares_and_metrics_of_ones_own():
    x, y = tg.data.make_regression(200, 3, rng=0)
    model = nn.Linear(3, 1, rng=0)
    history = tg.fit(
        model, (x, y[:, None]), optimizer=nn.Adam(model.parameters(), 0.05), epochs=30, progress=False,
        metrics={"worst": lambda outputs, targets: np.abs(outputs - targets).max()}, validation=0.2,
    )  # fmt: skip
    assert history.epochs[-1]["loss"] < 0.02
    assert history.epochs[-1]["validation_worst"] < 0.6
    assert model.training


def test_early_stopping_brings_the_best_weights_back():
    x, y = digits(60)
    model = net()
    states = []
    history = tg.fit(
        model, (x, y), optimizer=nn.Adam(model.parameters(), 0.05), epochs=200, validation=digits(120),
        early_stopping=3, callbacks=[lambda _: states.append(model.state_dict())], progress=False,
    )  # fmt: skip
    assert history.stopped == "early stopping"
    assert len(history.epochs) == history.best + 3
    best = min(epoch["validation_loss"] for epoch in history.epochs)
    assert history.epochs[history.best - 1]["validation_loss"] == best
    assert all(np.array_equal(x, model.state_dict()[name]) for name, x in states[history.best - 1].items())


def test_a_callback_ends_the_run_and_ctrl_c_keeps_what_was_learnt():
    model = net()
    history = tg.fit(model, digits(100), epochs=9, callbacks=[lambda h: len(h.epochs) == 2], progress=False)
    assert (history.stopped, len(history.epochs)) == ("callback", 2)

    def interrupt(history):
        if len(history.epochs) == 1:
            raise KeyboardInterrupt

    before = model.state_dict()
    history = tg.fit(model, digits(100), epochs=9, callbacks=[interrupt], progress=False)
    assert (history.stopped, len(history.epochs)) == ("interrupted", 1)
    assert not np.array_equal(before["0.weight"], model.state_dict()["0.weight"])


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("where", ["step", "loss"])
def test_a_loss_that_is_no_number_ends_the_run_as_the_epoch_began(compiled, where):
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Linear(64, 8, rng=rng), nn.BatchNorm1d(8), nn.Dropout(0.2, rng=rng), nn.Linear(8, 10, rng=rng)
    )
    x, y = digits(100)
    x = x.astype(float)
    x[70] = np.inf if where == "step" else 1.0
    optimizer = nn.Adam(model.parameters())
    states = []

    def loss(outputs, targets):
        value = nn.functional.cross_entropy(outputs, targets)
        return value if where == "step" else value + np.where(value.detach() < 2.0, np.inf, 0.0)

    def keep(_):
        states.append((model.state_dict(), optimizer.state_dict()["state"], rng.bit_generator.state))

    keep(None)
    how = {"epochs": 90, "progress": False, "compile": compiled, "rng": 1, "callbacks": [keep], "loss": loss}
    with np.errstate(all="ignore"), refuses(AnomalyError, "as when the epoch began", line=False):
        tg.fit(model, (x, y), optimizer=optimizer, **how)
    (weights, memory, drawn), now = states[-1], optimizer.state_dict()["state"]
    assert len(states) > 1 or where == "step"
    assert all(np.array_equal(array, model.state_dict()[name]) for name, array in weights.items())
    assert memory.keys() == now.keys()
    assert all(np.array_equal(memory[i][name], now[i][name]) for i in memory for name in memory[i])
    assert drawn == rng.bit_generator.state


def test_progress_is_a_line_for_every_tenth_where_there_is_no_terminal(capsys):
    tg.fit(net(), digits(100), epochs=5, validation=0.2)
    first, *lines = capsys.readouterr().err.splitlines()
    assert first == "1,810 weights, 80 examples, 5 × 3 steps, not compiled: fewer than 100 steps"
    assert [line.split("%")[0].strip() for line in lines] == [str(10 * tenth) for tenth in range(1, 11)]
    assert "loss" in lines[0]
    assert [line for line in lines if "validation_accuracy" in line] == lines[1::2]  # at the ends of epochs
    tg.fit(net(), digits(100), epochs=25, batch_size=25)
    assert capsys.readouterr().err.splitlines()[0] == "1,810 weights, 100 examples, 25 × 4 steps, compiled"


def test_a_terminal_gets_a_bar_and_the_lines_above_it(monkeypatch, capsys):
    pytest.importorskip("tqdm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    history = tg.fit(net(), digits(100), epochs=2, validation=0.2)
    shown = capsys.readouterr().err
    assert "1,810 weights, 80 examples, 2 × 3 steps" in shown
    assert "6/6" in shown
    assert "validation_accuracy" in shown
    assert repr(history).startswith("History(2 epochs, 6 steps, epochs: epoch=2, loss=")


def test_a_step_that_cannot_be_compiled_is_taken_as_it_stands_and_said():
    class Counting(nn.Linear):
        calls = 0

        def forward(self, x):
            Counting.calls += 1
            return super().forward(x)

    model = Counting(64, 10, rng=0, dtype=np.float32)
    history = tg.fit(model, digits(100), epochs=50, progress=False)
    assert not history.compiled
    assert history.note.startswith("not compiled: ")
    assert "calls" in history.note
    with pytest.raises(tg.errors.CompileError, match="calls"):
        tg.fit(model, digits(100), compile=True, progress=False)


def test_a_rate_that_falls_where_the_loss_does_not():
    model = net()
    optimizer = nn.SGD(model.parameters(), lr=1e-6)
    schedule = nn.optim.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, threshold=0.5)
    history = tg.fit(model, digits(60), optimizer=optimizer, schedule=schedule, epochs=4, progress=False)
    assert [epoch["lr"] for epoch in history.epochs] == [1e-6, 1e-6, 5e-7, 2.5e-7]


def test_augmentation_changes_what_is_learned_from_and_nothing_else():
    x, y = digits(60)
    seen = []

    def augment(batch, rng):
        seen.append(batch)
        return tg.data.add_noise(batch, 0.3, rng=rng)

    how = {"epochs": 2, "batch_size": 20, "validation": digits(30), "progress": False}
    results = []
    for change in (augment, augment, None):
        model = net()
        tg.fit(model, (x, y), augment=change, **how)
        results.append(model.state_dict()["0.weight"])
    assert len(seen) == 12
    assert np.array_equal(
        np.sort(np.concatenate(seen[:3]), axis=0), np.sort(x, axis=0)
    )  # never what was changed before
    assert np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])
    with refuses(ShapeError, "augment made (32, 8) of a batch (32, 64)"):
        tg.fit(net(), digits(100), augment=lambda batch, _: batch[:, :8], progress=False)


def test_a_net_that_is_no_chain_has_a_history_without_a_replay():
    x, y = digits(60)
    model = nn.Sequential(nn.Conv2d(1, 2, 3, rng=0), nn.Flatten(), nn.Linear(72, 10, rng=0))
    history = tg.fit(model, (x.reshape(-1, 1, 8, 8), y), epochs=1, progress=False)
    assert len(history.losses) == 2
    with refuses(TypeError, "plot()"):
        history.replay()


def test_what_cannot_be_trained_is_refused():
    x, y = digits(60)
    for call, kind, words in (
        (lambda: tg.fit(3, (x, y)), TypeError, "must be a module"),
        (lambda: tg.fit(nn.MLP(2, [1]), (x, y)), TypeError, "to_tensor_model()"),
        (lambda: tg.fit(net(), x), TypeError, "a pair (x, y)"),
        (lambda: tg.fit(net(), (x, y[:5])), ValueError, "one row an example"),
        (lambda: tg.fit(net(), (x[:0], y[:0])), ValueError, "no example"),
        (lambda: tg.fit(net(), (x, y), epochs=0), ValueError, "epochs must be at least 1"),
        (lambda: tg.fit(net(), (x, y), early_stopping=3), ValueError, "give validation=0.2"),
        (lambda: tg.fit(net(), (x, y + 1)), IndexError, "is of class 10, and the net has outputs for 10"),
        (lambda: tg.fit(net(), (x, y), loss="mse"), TypeError, "loss=nn.functional.mse_loss"),
        (lambda: tg.fit(net(), (x, y), loss=nn.MSELoss), TypeError, "loss=nn.MSELoss()"),
        (lambda: tg.fit(net(), (x, y), optimizer="adam"), TypeError, "optimizer=nn.Adam(model.parameters(), lr=0.01)"),
        (lambda: tg.fit(net(), (x, y), optimizer=nn.SGD), TypeError, "optimizer=nn.SGD(model.parameters(), lr=0.01)"),
        (
            lambda: tg.fit(net(), (x, y), optimizer=nn.SGD(net().parameters(), lr=1.0)),
            ValueError,
            "no parameter of the",
        ),
        (lambda: tg.fit(net(), (x, y), metrics=["accuracy"]), TypeError, "metrics={"),
        (
            lambda: tg.fit(net(), (x, y), callbacks=[nn.optim.StepLR(nn.SGD(net().parameters()), 2)]),
            TypeError,
            "schedule=",
        ),
        (lambda: tg.fit(nn.Sequential(net(), nn.Unflatten(1, (2, 5))), (x, y)), ShapeError, "not (1, 2, 5)"),
    ):
        with refuses(kind, words):
            call()


def test_whole_numbers_need_not_be_classes_where_a_loss_is_given():
    x, y = digits(60)
    model = nn.Sequential(nn.Linear(64, 1, rng=0), nn.Flatten(0))
    history = tg.fit(model, (x, y % 2), loss=nn.BCEWithLogitsLoss(), epochs=1, progress=False)
    assert [*history.epochs[0]] == ["epoch", "loss", "lr"]


# Going on ----------------------------------------------------------------------------------------------------------


def test_a_run_that_was_killed_comes_to_the_same_bits(tmp_path):
    dead, wrong = killed_runs.killed("compiled", random.Random(1), 2, tmp_path)
    assert dead >= 2
    assert wrong == 0


def test_a_run_taken_up_at_every_batch_comes_to_the_same_bits(tmp_path, monkeypatch):
    """The same, not compiled, and stopped after each write of a checkpoint, in one process."""
    expected = training_run.main(str(tmp_path / "whole.npz"), False, 2)
    path, stops = str(tmp_path / "stopped.npz"), 0
    from tinygrad_edu.train import resume

    write = resume.save_run

    class StoppedError(Exception):
        pass

    def write_and_stop(run, path):
        write(run, path)
        raise StoppedError

    monkeypatch.setattr(resume, "save_run", write_and_stop)
    while True:
        try:
            found = training_run.main(path, False, 2)
        except StoppedError:
            stops += 1
            continue
        break
    assert stops >= 6
    assert found == expected


def test_a_checkpoint_of_another_run_is_refused_and_nothing_changes(tmp_path):
    path = tmp_path / "run.npz"
    tg.fit(net(), digits(100), epochs=1, checkpoint=path, progress=False)
    assert os.listdir(tmp_path) == ["run.npz"]
    model = net(5)
    before = model.state_dict()
    for how, words in (
        ({"batch_size": 16}, "batch_size was 32, and is 16"),
        ({"optimizer": nn.SGD(model.parameters(), 0.1)}, "optimizer was Adam, and is SGD"),
        ({"augment": lambda x, _: x}, "augment was none, and is given"),
        (
            {"optimizer": (adam := nn.Adam(model.parameters())), "schedule": nn.optim.StepLR(adam, 2)},
            "schedule was none, and is StepLR",
        ),
    ):
        with refuses(CheckpointError, "is of another run", words):
            tg.fit(model, digits(100), epochs=2, checkpoint=path, progress=False, **how)
    other = nn.Sequential(nn.Linear(64, 10, rng=0))
    with refuses(CheckpointError, line=False):
        tg.fit(other, digits(100), epochs=2, checkpoint=path, progress=False)
    assert all(np.array_equal(x, model.state_dict()[name]) for name, x in before.items())
    path.write_bytes(b"PK nothing")
    with refuses(CheckpointError, "cannot be read", line=False):
        tg.fit(model, digits(100), epochs=2, checkpoint=path, progress=False)


def test_a_checkpoint_that_lacks_a_part_is_refused_and_nothing_changes(tmp_path):
    path, model = tmp_path / "run.npz", net(5)
    optimizer = nn.Adam(model.parameters())
    how = {"optimizer": optimizer, "schedule": nn.optim.StepLR(optimizer, 2), "progress": False}
    tg.fit(model, digits(64), epochs=1, checkpoint=path, **how)
    whole, before = tg.load(path), model.state_dict()

    def without(state, *keys):
        *outer, last = keys
        copy = dict(state)
        part = copy
        for key in outer:
            part[key] = dict(part[key])
            part = part[key]
        del part[last]
        return copy

    parts = [(name,) for name in whole]
    parts += [(name, inner) for name in ("place", "history", "schedule", "optimizer") for inner in whole[name]]
    parts += [("model", "0.weight")]
    for keys in parts:
        tg.save(without(whole, *keys), path)
        with refuses(CheckpointError):
            tg.fit(model, digits(64), epochs=2, checkpoint=path, **how)
        assert all(np.array_equal(x, model.state_dict()[name]) for name, x in before.items())
        assert optimizer.steps == 2


OTHER_DATA = [None, "x", -1, 10**30, [], {"a": 1}, np.ones(2)]


def parts_of_tree(tree, path=()):
    """The paths of all parts of nested dicts and lists."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, part in items:
        yield (*path, key)
        yield from parts_of_tree(part, (*path, key))


def with_part(tree, path, new):
    """A copy of a tree that has something else at a path."""
    if not path:
        return new
    tree = copy.copy(tree)
    tree[path[0]] = with_part(tree[path[0]], path[1:], new)
    return tree


def test_a_checkpoint_with_another_kind_of_data_in_some_place_is_refused_or_goes_on(monkeypatch):
    """Every part of it in turn; and where it is refused, nothing has changed."""

    def run():
        return run_of(nn.Sequential(nn.Linear(2, 2, rng=0), nn.Dropout(0.5, rng=1), nn.Linear(2, 1, rng=2)))

    first, other = run(), run()
    first.one_epoch(Progress(1, 0, False), None, None)
    saved, before, refused = resume.run_state(first), repr(resume.run_state(other)), 0
    for k, path in enumerate(parts_of_tree(saved)):
        for wrong in (OTHER_DATA[(k + i) % len(OTHER_DATA)] for i in range(4)):
            monkeypatch.setattr(resume, "load", lambda _, p=path, w=wrong: with_part(saved, p, w))
            try:
                resume.restore_run(other, "a file")
            except CheckpointError:
                refused += 1
                assert repr(resume.run_state(other)) == before, (path, wrong)
            else:
                other.one_epoch(Progress(1, 0, False), None, None)
                other = run()
    assert refused > 200
