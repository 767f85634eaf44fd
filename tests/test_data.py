"""Data: the digits that are shipped, files of MNIST, toy sets, batches and the split."""

import gzip
import os
import struct

import numpy as np
import pytest
from refusing import refuses

from tinygrad_edu.data import (
    Scaler,
    add_noise,
    batches,
    load_digits,
    load_mnist,
    make_circles,
    make_moons,
    make_regression,
    make_spiral,
    rotate,
    shift,
    split,
)


def test_digits_are_the_1797_images():
    x, y = load_digits()
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((1797, 64), np.float64, (1797,), np.int64)
    assert (x.min(), x.max()) == (0, 1)
    np.testing.assert_array_equal(np.bincount(y), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    assert y[:10].tolist() == list(range(10))
    zero = (x[0].reshape(8, 8) * 16).astype(int)
    assert zero[0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert (x * 16 == np.round(x * 16)).all()


def test_digits_equal_those_of_scikit_learn():
    theirs = pytest.importorskip("sklearn.datasets", reason="compares with scikit-learn's copy").load_digits()
    x, y = load_digits()
    np.testing.assert_array_equal(x * 16, theirs.data)
    np.testing.assert_array_equal(y, theirs.target)


def test_the_digits_name_their_source():
    from importlib import resources

    with resources.files("tinygrad_edu.data").joinpath("digits.npz").open("rb") as file:
        attribution = str(np.load(file)["attribution"])
    for words in ("Alpaydin", "Kaynak", "UCI", "CC BY 4.0"):
        assert words in attribution


# MNIST -------------------------------------------------------------------------------------------------------------


def idx(array):
    return struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name, n in (("train", 5), ("t10k", 3)):
        images = rng.integers(0, 256, (n, 28, 28), np.uint8)
        images[0, 0, :2] = 0, 255
        labels = rng.integers(0, 10, n, np.uint8)
        (tmp_path / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels))
    return tmp_path


def test_mnist_reads_its_files_gzipped_or_not(folder):
    (x, y), (x_test, y_test) = load_mnist(folder)
    assert (x.shape, x.dtype, y.dtype, x_test.shape) == ((5, 784), np.float32, np.int64, (3, 784))
    assert (x[0, 0], x[0, 1]) == (0, 1)
    assert y.tolist() == np.frombuffer((folder / "train-labels-idx1-ubyte").read_bytes()[8:], np.uint8).tolist()
    assert len(y_test) == 3
    assert load_mnist(folder, dtype=float)[0][0].dtype == float


def test_mnist_names_the_file_that_is_missing_or_broken(folder):
    images, labels = folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte"
    whole = images.read_bytes()
    images.write_bytes(whole[:-20])
    with refuses(ValueError, str(images), "not a whole gzip file", line=False):
        load_mnist(folder)
    images.write_bytes(b"<html>")
    with refuses(ValueError, str(images), "not a whole gzip file", line=False):
        load_mnist(folder)
    images.write_bytes(gzip.compress(gzip.decompress(whole)[:-1]))
    with refuses(ValueError, str(images), "(5, 28, 28)", "3919 numbers", line=False):
        load_mnist(folder)
    images.write_bytes(gzip.compress(labels.read_bytes()))
    with refuses(ValueError, "not an IDX file of bytes with 3 axes", "00 00 08 01", line=False):
        load_mnist(folder)
    images.write_bytes(gzip.compress(idx(np.zeros((4, 28, 28), np.uint8))))
    with refuses(ValueError, "train has 4 images and 5 labels", line=False):
        load_mnist(folder)
    images.unlink()
    with refuses(FileNotFoundError, "train-images-idx3-ubyte.gz is missing", line=False):
        load_mnist(folder)


def test_mnist_that_lies_is_refused_before_memory_is_spent(folder):
    images, labels = folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte"
    whole, good = images.read_bytes(), labels.read_bytes()
    for content, words in (
        (idx(np.zeros((0, 28, 28), np.uint8)), "it is empty"),
        (bytes((0, 0, 8, 3)) + b"\xff" * 12, "no file of this kind"),
        (gzip.decompress(whole) + bytes(1 << 26), "holds more numbers"),
    ):
        images.write_bytes(gzip.compress(content, 1))
        with refuses(ValueError, str(images), words, line=False):
            load_mnist(folder)
    images.write_bytes(whole)
    labels.write_bytes(good[:-1] + b"\x0a")
    with refuses(ValueError, "label 4 of train is 10", line=False):
        load_mnist(folder)
    labels.write_bytes(good)
    images.write_bytes(gzip.compress(idx(np.zeros((5, 8, 8), np.uint8))))
    with refuses(ValueError, "images of train have 64 pixels, those of t10k 784", line=False):
        load_mnist(folder)
    with refuses(TypeError, "pixels become floats"):
        load_mnist(folder, dtype=int)


@pytest.mark.skipif("MNIST_DIR" not in os.environ, reason="set MNIST_DIR to the folder of the four MNIST files")
def test_mnist_itself():
    (x, y), (x_test, y_test) = load_mnist(os.environ["MNIST_DIR"])
    assert (x.shape, x_test.shape) == ((60000, 784), (10000, 784))
    assert y[:5].tolist() == [5, 0, 4, 1, 9]
    assert y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert x.mean() == pytest.approx(0.1307, abs=1e-4)


# Toy sets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "classes"), [(make_moons, 2), (make_circles, 2), (make_spiral, 3)])
def test_toys_are_balanced_classes_in_the_plane(make, classes):
    x, y = make(60, rng=1)
    assert (x.shape, y.shape) == ((60, 2), (60,))
    np.testing.assert_array_equal(np.bincount(y), [60 // classes] * classes)
    np.testing.assert_array_equal(make(60, rng=1)[0], x)
    assert not np.array_equal(make(60, rng=2)[0], x)
    before = np.random.get_state()[1].copy()
    make(10)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    with refuses(ValueError, make.__name__, "noise"):
        make(10, noise=-1)
    with refuses(ValueError, make.__name__, "at least 1, not 0"):
        make(0)
    with refuses(TypeError, "n must be a whole number, not 1.5"):
        make(1.5)


def test_toys_without_noise_lie_on_their_curves():
    x, y = make_circles(50, noise=0, factor=0.3, rng=0)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.3))
    x, y = make_moons(50, noise=0, rng=0)
    centre = np.where(y[:, None] == 0, [0, 0], [1, 0.5])
    np.testing.assert_allclose(np.hypot(*(x - centre).T), 1)
    x, y = make_spiral(50, noise=0, rng=0)
    r = np.hypot(*x.T)
    turned = np.arctan2(x[:, 0], x[:, 1]) - 4 * r - 2 * np.pi * y / 3
    np.testing.assert_allclose(np.cos(turned), 1)


def test_regression_lies_on_its_plane():
    x, y = make_regression(30, 2, noise=0, weights=[2.0, -1.0], bias=0.5, rng=0)
    np.testing.assert_allclose(y, 2 * x[:, 0] - x[:, 1] + 0.5)
    x, y = make_regression(rng=0)
    assert (x.shape, y.shape) == ((100, 1), (100,))
    assert np.abs(y - np.polyval(np.polyfit(x[:, 0], y, 1), x[:, 0])).std() < 0.15


# Batches and the split ---------------------------------------------------------------------------------------------


def test_batches_go_through_the_set_once():
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10)
    plain = list(batches(x, y, 4))
    assert [len(b) for _, b in plain] == [4, 4, 2]
    np.testing.assert_array_equal(np.concatenate([a for a, _ in plain]), x)
    shuffled = list(batches(x, y, 4, np.random.default_rng(0)))
    order = np.concatenate([b for _, b in shuffled])
    assert sorted(order) == list(range(10))
    assert order.tolist() != list(range(10))
    np.testing.assert_array_equal(np.concatenate([a for a, _ in shuffled]), x[order])
    again = np.concatenate([b for _, b in batches(x, y, 4, rng=0)])
    np.testing.assert_array_equal(again, order)


@pytest.mark.parametrize("size", [0, -1, 2.5, "8", True, None])
def test_a_batch_has_a_whole_number_of_examples(size):
    with refuses(ValueError, "batches: size must be", repr(size)):
        batches(np.zeros((4, 1)), np.zeros(4), size)


def test_inputs_and_answers_go_together():
    with refuses(ValueError, "(4, 1)", "(5,)"):
        batches(np.zeros((4, 1)), np.zeros(5), 2)
    with refuses(ValueError, "(4, 1)", "(5,)"):
        split(np.zeros((4, 1)), np.zeros(5))


def test_a_split_takes_its_share_of_every_class():
    x, y = load_digits()
    (a, b), (c, d) = split(x, y, 0.2, rng=3)
    np.testing.assert_array_equal(np.bincount(d), np.round(np.bincount(y) * 0.2))
    assert len(a) + len(c) == 1797
    assert {row.tobytes() for row in np.c_[a, b]} | {row.tobytes() for row in np.c_[c, d]} == {
        row.tobytes() for row in np.c_[x, y]
    }
    np.testing.assert_array_equal(split(x, y, 0.2, rng=3)[1][1], d)
    for share in (0, 1, -0.5, float("nan")):
        with refuses(ValueError, "held_out must be between 0 and 1"):
            split(x, y, share)


@pytest.mark.parametrize("y", [np.linspace(0, 1, 50), np.arange(100.0).reshape(50, 2)])
def test_a_split_of_numbers_that_are_no_classes_is_drawn_at_random(y):
    x = np.arange(50)
    (a, b), (c, d) = split(x, y, 0.3, rng=0)
    assert (len(a), len(c)) == (35, 15)
    assert sorted([*a, *c]) == [*range(50)]
    np.testing.assert_array_equal(b, y[a])
    np.testing.assert_array_equal(d, y[c])
    assert not np.array_equal(c, split(x, y, 0.3, rng=1)[1][0])


def test_a_split_with_an_empty_side_is_refused():
    with refuses(ValueError, "held_out=0.1 of 4 examples of each class leaves a side empty"):
        split(np.arange(4), np.array([0, 0, 1, 1]), 0.1)
    with refuses(ValueError, "of 1 examples leaves a side empty"):
        split(np.arange(1), np.array([0.5]), 0.5)


# Scaling ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64])
@pytest.mark.parametrize("axis", [0, None, (0, 2, 3)])
def test_a_scaler_uses_the_statistics_of_the_training_set_alone(axis, dtype):
    rng = np.random.default_rng(0)
    x, other = ((20 + 5 * rng.normal(size=(40, 3, 4, 5))).astype(dtype) for _ in range(2))
    scaler = Scaler(x, axis)
    kept = {"axis": axis, "keepdims": True, "dtype": float}
    mean, std = x.mean(**kept), x.std(**kept)
    tolerance = {"rtol": 0, "atol": {2: 1e-2, 4: 1e-5, 8: 1e-12}[x.dtype.itemsize]}
    np.testing.assert_allclose(scaler(x), (x - mean) / std, **tolerance)
    np.testing.assert_allclose(scaler(other), (other - mean) / std, **tolerance)
    assert scaler(other).dtype == (dtype if dtype is not np.int64 else np.float64)
    np.testing.assert_allclose(scaler.inverse(scaler(other)), other, rtol=0, atol=20 * tolerance["atol"])
    assert np.mean(scaler(x), dtype=float) == pytest.approx(0, abs=1e-2)


def test_a_scaler_leaves_columns_of_equal_numbers_at_zero():
    x = np.array([[1.0, 0.1, 0.0], [3.0, 0.1, 0.0], [5.0, 0.1, 0.0]])
    scaled = Scaler(x)(x)
    np.testing.assert_allclose(scaled[:, 1:], 0, atol=1e-15)
    np.testing.assert_allclose(scaled[:, 0], [-(1.5**0.5), 0, 1.5**0.5])
    np.testing.assert_allclose(Scaler(x).inverse(scaled), x)
    np.testing.assert_allclose(Scaler([[1], [2], [3]])([[4]]), 2 * 1.5**0.5)


def test_a_scaler_refuses_what_has_no_statistics():
    with refuses(ValueError, "nothing to measure in (0, 3)"):
        Scaler(np.zeros((0, 3)))
    with refuses(ValueError, "x[1, 0] is nan"):
        Scaler([[1.0], [np.nan]])


# Augmentation -------------------------------------------------------------------------------------------------------


def pictures(dtype=np.float64):
    return np.random.default_rng(0).random((6, 2, 7, 5)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("change", [shift, rotate, add_noise])
def test_augmentation_keeps_shape_type_and_its_argument(change, dtype):
    x = pictures(dtype)
    before = x.copy()
    changed = change(x, rng=1)
    assert (changed.shape, changed.dtype) == (x.shape, x.dtype)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(changed, change(x, rng=1))
    assert not np.array_equal(changed, change(x, rng=2))
    np.testing.assert_allclose(change(x, 0, rng=0), x, atol=1e-6)  # nothing is asked for
    changed[:] = 0  # it is the caller's own
    np.testing.assert_array_equal(change(x[:0], rng=0), x[:0])


def test_a_shift_moves_whole_images():
    x = pictures()
    moved, seen = shift(x, 2, rng=3), set()
    for image, other in zip(x, moved, strict=True):
        around = np.pad(image, [(0, 0), (2, 2), (2, 2)])
        places = [(i, j) for i in range(5) for j in range(5) if np.array_equal(around[:, i : i + 7, j : j + 5], other)]
        assert len(places) == 1
        seen.update(places)
    assert len(seen) > 3


def test_a_rotation_turns_about_the_centre():
    x = np.random.default_rng(1).random((2, 6, 6))
    np.testing.assert_allclose(rotate(x, 90, rng=Fixed()), np.rot90(x, -1, axes=(1, 2)), atol=1e-5)
    np.testing.assert_allclose(rotate(x, 180, rng=Fixed()), x[:, ::-1, ::-1], atol=1e-5)
    i, j = np.mgrid[:21, :21] - 10.0
    hill = np.exp(-((i - 4) ** 2 + j**2) / 8)[None]  # 4 below the centre
    c, s = np.cos(np.deg2rad(30)), np.sin(np.deg2rad(30))
    turned = np.exp(-((i - 4 * c) ** 2 + (j + 4 * s) ** 2) / 8)[None]
    np.testing.assert_allclose(rotate(hill, 30, rng=Fixed()), turned, atol=0.06)  # of what interpolation flattens


class Fixed(np.random.Generator):
    """A generator whose uniform numbers are the largest allowed."""

    def __init__(self):
        super().__init__(np.random.PCG64(0))

    def uniform(self, low=0.0, high=1.0, size=None):
        return np.full(size, high)


def test_noise_has_its_deviation():
    noise = add_noise(np.zeros((100, 100)), 0.3, rng=0)
    assert noise.std() == pytest.approx(0.3, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.01)


def test_augmentation_refuses_what_it_cannot_change():
    for change in (shift, rotate):
        with refuses(ValueError, change.__name__, "x.reshape(-1, 28, 28)"):
            change(np.zeros((4, 784)))
    for change in (shift, rotate, add_noise):
        with refuses(TypeError, "x / 255, not uint8"):
            change(np.zeros((4, 8, 8), np.uint8))
        for wrong in (-1, np.nan, np.inf, True):
            with refuses(ValueError, change.__name__, "must be a number from 0 up"):
                change(np.zeros((4, 8, 8)), wrong)
    with refuses(ValueError, "pixels must be a whole number, not 1.5"):
        shift(np.zeros((4, 8, 8)), 1.5)
