"""Files of numbers: what is saved is loaded bit by bit, by others too; what is broken is refused, nothing is run."""

import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from refusing import refuses
from torch_of_files import STATE, TRAINING, numbers

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.errors import CheckpointError
from tinygrad_edu.io import checkpoints
from tinygrad_edu.system import files

safetensors = pytest.importorskip("safetensors", reason='needs pip install "tinygrad-edu[io]"')
FORMS = [".safetensors", ".npz"]
DTYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]


def same(a, b):
    """Whether two trees hold the same numbers of the same types, bit by bit."""
    if isinstance(a, dict):
        return isinstance(b, dict) and [*map(str, a)] == [*map(str, b)] and all(map(same, a.values(), b.values()))
    if isinstance(a, (list, tuple)):
        return isinstance(b, (list, tuple)) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and (a.dtype, a.shape) == (b.dtype, b.shape) and a.tobytes() == b.tobytes()
    return type(a) is type(b) and (a == b or a != a)


def net(rng=0, dtype=float):
    first, last = nn.Linear(3, 4, rng=rng, dtype=dtype), nn.Linear(4, 2, rng=rng, dtype=dtype)
    return nn.Sequential(first, nn.BatchNorm1d(4, dtype=dtype), nn.Tanh(), last)


KEPT = ("__tree__", "__metadata__")  # names that a format keeps for itself
NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name.isprintable() and "/" not in name and name not in KEPT)
ARRAYS = st.sampled_from(DTYPES).flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, min_side=0)))


@pytest.mark.parametrize("form", FORMS)
@given(arrays=st.dictionaries(NAMES, ARRAYS, max_size=4))
def test_arrays_come_back_bit_by_bit(form, arrays, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / f"arrays{form}"
    tg.save(arrays, path)
    assert same(dict(sorted(arrays.items())), dict(sorted(tg.load(path).items())))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("make", [net, lambda rng=0: nn.MLP(2, [3, 1], rng=rng)])
def test_a_net_goes_from_one_process_to_another(form, make, tmp_path):
    one, other = make(), make(1)
    tg.save(one, tmp_path / f"net{form}")
    other.load_state_dict(tg.load(tmp_path / f"net{form}"))
    assert {name: np.asarray(x).tobytes() for name, x in one.state_dict().items()} == {
        name: np.asarray(x).tobytes() for name, x in other.state_dict().items()
    }


@pytest.mark.parametrize("form", FORMS)
def test_a_nested_checkpoint_comes_back(form, tmp_path):
    model = net()
    optimizer = nn.Adam(model.parameters())
    model(np.ones((4, 3))).sum().backward()
    optimizer.step()
    whole = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "rng": np.random.default_rng(3).bit_generator.state,
        "history": [0.1, float("nan"), -0.0, 1e-300, {"epoch": 3, "name": "ü"}],
        "none": None,
        "flags": [True, False],
        "empty": [{}, []],
    }
    tg.save(whole, tmp_path / f"all{form}")
    assert same(whole, tg.load(tmp_path / f"all{form}"))
    nn.Adam(net().parameters()).load_state_dict(tg.load(tmp_path / f"all{form}")["optimizer"])


def test_others_read_and_write_the_same_safetensors(tmp_path):
    from safetensors.numpy import load_file, save_file

    state = net().state_dict()
    tg.save(state, tmp_path / "ours")
    assert same(dict(sorted(state.items())), dict(sorted(load_file(tmp_path / "ours").items())))
    save_file(state, tmp_path / "theirs")
    assert same(dict(sorted(state.items())), dict(sorted(tg.load(tmp_path / "theirs").items())))
    np.savez_compressed(tmp_path / "numpys.npz", **state)
    assert same(state, tg.load(tmp_path / "numpys.npz"))


def test_bfloat16_becomes_single_and_what_numpy_has_not_is_named(tmp_path):
    whole = np.arange(4, dtype=np.float32) * -1.5
    upper = (whole.view(np.uint32) >> 16).astype(np.uint16)
    header = json.dumps({"w": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}).encode()
    (tmp_path / "brain").write_bytes(len(header).to_bytes(8, "little") + header + upper.tobytes())
    assert same({"w": whole}, tg.load(tmp_path / "brain"))
    (tmp_path / "eight").write_bytes((tmp_path / "brain").read_bytes().replace(b'"BF16"', b'"F8_E5M2"'[:6]))
    with refuses(CheckpointError, "cannot be read"):
        tg.load(tmp_path / "eight")


# PyTorch's files -----------------------------------------------------------------------------------------------------


def test_every_kind_of_tensor_of_torch_is_read():
    found = tg.load(STATE)
    for name, expected in numbers().items():
        assert found[name].dtype == expected.dtype, name
        np.testing.assert_array_equal(found[name], expected, err_msg=name)
    assert found.keys() == numbers().keys()


def test_a_run_of_torch_is_taken_over():
    whole = tg.load(TRAINING)
    model = nn.Sequential(
        *(nn.Linear(3, 4, dtype=np.float32), nn.BatchNorm1d(4, dtype=np.float32), nn.Tanh()),
        nn.Linear(4, 2, dtype=np.float32),
    )
    model.load_state_dict(whole["model"])
    x = np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3)
    np.testing.assert_allclose(model.eval()(x).data, whole["output"], atol=1e-6)
    optimizer = nn.Adam(model.parameters())
    optimizer.load_state_dict(whole["optimizer"])
    assert (optimizer.lr, optimizer.steps, whole["epoch"], whole["note"], whole["shape"]) == (
        0.01,
        3,
        3,
        "a run",
        (5, 3),
    )


class Evil:
    def __reduce__(self):
        return os.system, ("touch harm",)


def archive(pickled, **files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("x/data.pkl", pickled)
        for name, content in files.items():
            file.writestr(f"x/data/{name}", content)
    return made.getvalue()


def tensor(
    offset=0, size=b"K\x02K\x02\x86", stride=b"K\x02K\x01\x86", storage=b"ctorch\nFloatStorage\n", count=b"K\x04"
):
    """Return a pickle of one tensor, opcode by opcode."""
    persistent = b"(X\x07\x00\x00\x00storage" + storage + b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpu" + count + b"tQ"
    place = offset if isinstance(offset, bytes) else b"K" + bytes([offset])
    arguments = b"(" + persistent + place + size + stride + b"\x89ccollections\nOrderedDict\n)Rt"
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"R."


FOUR = np.arange(4, dtype=np.float32).tobytes()
DEEP = b"\x80\x02" + b"]" * 200 + b"a" * 199 + b"."
TORCH = {
    "os.system": (archive(pickle.dumps(Evil(), 2)), "names 'posix system'"),
    "a later protocol": (archive(pickle.dumps({"a": [1]}, 4)), "opcode"),
    "a persistent id of its own": (archive(b"\x80\x02K\x01Q."), "is no storage"),
    "a tensor beyond its storage": (archive(tensor(offset=1), **{"0": FOUR}), "reaches beyond its storage"),
    "a storage too short": (archive(tensor(), **{"0": FOUR[:-1]}), "holds 15 bytes"),
    "a storage that is missing": (archive(tensor()), "missing"),
    "a tensor of a terabyte": (
        archive(tensor(size=b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86", stride=b"K\x00K\x00\x86"), **{"0": FOUR}),
        "as much memory",
    ),
    "negative lengths": (archive(tensor(size=b"J\xff\xff\xff\xffK\x02\x86"), **{"0": FOUR}), "has the shape"),
    "a type of quantised numbers": (
        archive(tensor(storage=b"ctorch\nQInt8Storage\n"), **{"0": FOUR}),
        "names 'torch QInt8Storage'",
    ),
    "a call of a dict": (archive(b"\x80\x02})R."), "calls"),
    "a mere name": (archive(b"\x80\x02ctorch\nFloatStorage\n."), "is no number"),
    "a list within itself": (archive(b"\x80\x02]q\x00h\x00a."), "refers to itself"),
    "a nest": (archive(DEEP), "100 deep"),
    "a pickle cut off": (archive(b"\x80\x02}"), "cannot be read"),
    "an unhashable key": (archive(b"\x80\x02}]K\x01s."), "no name"),
    "a bare pickle": (pickle.dumps(Evil(), 2), "bare pickle"),
}


@pytest.mark.parametrize(("content", "words"), TORCH.values(), ids=TORCH.keys())
def test_a_pickle_that_is_no_state_is_refused_by_name_and_does_nothing(content, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pt").write_bytes(content)
    with refuses(CheckpointError, "model.pt cannot be read", words):
        tg.load("model.pt")
    assert os.listdir() == ["model.pt"]


def test_the_plain_tensor_of_these_is_read(tmp_path):
    """So that the refusals above are for what each of them says."""
    (tmp_path / "model.pt").write_bytes(archive(tensor(), **{"0": FOUR}))
    np.testing.assert_array_equal(tg.load(tmp_path / "model.pt"), [[0, 1], [2, 3]])


# Broken files ------------------------------------------------------------------------------------------------------


def small(form, tmp_path):
    path = tmp_path / f"small{form}"
    if form == ".pt":
        path.write_bytes(archive(b"\x80\x02}X\x01\x00\x00\x00w" + tensor()[2:-1] + b"s.", **{"0": FOUR}))
    else:
        tg.save({"w": {"a": np.arange(3.0), "b": np.array([True])}, "n": 3}, path)
    return path.read_bytes()


def one_array(tmp_path):
    tg.save({"w": np.arange(2.0)}, tmp_path / "one.npz")
    return (tmp_path / "one.npz").read_bytes()


@pytest.mark.parametrize(
    ("form", "make", "every"),
    [
        (".safetensors", lambda folder: small(".safetensors", folder), 1),
        (".pt", lambda folder: small(".pt", folder), 1),
        (".npz", one_array, 1),
        (".npz", lambda folder: small(".npz", folder), 11),  # three entries of the same form: the archive as a whole
    ],
    ids=["safetensors", "pt", "npz of one array", "npz of a tree"],
)
def test_no_file_that_is_cut_short_or_has_a_bit_turned_gives_other_numbers(form, make, every, tmp_path):
    content = make(tmp_path)
    expected = checkpoints.parsed(io.BytesIO(content), content[:2])
    path, refused = tmp_path / f"broken{form}", 0
    for spoilt in spoilings(content, every):
        path.write_bytes(spoilt)
        try:
            assert same(expected, tg.load(path))
        except CheckpointError:
            refused += 1
    assert refused > len(content)


def spoilings(content, every=1):
    """Yield every beginning of a file, and the file with each bit turned, or each so manyth."""
    yield from (content[:n] for n in range(len(content)))
    for bit in range(0, 8 * len(content), every):
        spoilt = bytearray(content)
        spoilt[bit // 8] ^= 1 << bit % 8
        yield bytes(spoilt)


def header(**entries):
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


def part(shape, begin, end, dtype="F64"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 7,
        (1 << 62).to_bytes(8, "little") + b"{}",
        b"\x02" + b"\x00" * 7 + b"[]",
        header(a=part([1 << 40], 0, 8)) + b"\x00" * 8,
        header(a=part([1], 8, 16)) + b"\x00" * 16,
        header(a=part([1], 0, 8), b=part([1], 0, 8)) + b"\x00" * 8,
        header(a=part([1], 0, 8)) + b"\x00" * 16,
        header(a=part([1 << 33, 1 << 33], 0, 8)) + b"\x00" * 8,
        header(a=part([2], 0, 2, "F8_E5M2")) + b"\x00" * 2,
        header(a=part([1], 0, 1, "BOOL")) + b"\x02",
        header(a=3),
        b"PK\x03\x04 no zip",
        b"hello, this is text",
    ],
)
def test_headers_that_lie_are_refused(content, tmp_path):
    (tmp_path / "bad").write_bytes(content)
    with refuses(CheckpointError, "bad cannot be read"):
        tg.load(tmp_path / "bad")


def test_an_npz_that_would_fill_the_memory_is_refused_before_it_does(tmp_path):
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("a.npy", "w", force_zip64=True) as entry,
    ):
        np.lib.format.write_array_header_1_0(entry, {"descr": "<f8", "fortran_order": False, "shape": (1 << 28,)})
        for _ in range(1 << 7):
            entry.write(bytes(1 << 24))
    (tmp_path / "bomb.npz").write_bytes(bomb.getvalue())
    with refuses(CheckpointError, "more than such a file may"):
        tg.load(tmp_path / "bomb.npz")
    for name, x in (("objects", np.array([{}], object)), ("texts", np.array(["a"]))):
        np.savez(tmp_path / f"{name}.npz", x=x)
        with refuses(CheckpointError, "cannot be read"):
            tg.load(tmp_path / f"{name}.npz")


# Writing -----------------------------------------------------------------------------------------------------------


def test_what_cannot_be_saved_is_named_and_the_old_file_stays(tmp_path):
    path = tmp_path / "net.safetensors"
    tg.save(net(), path)
    before = path.read_bytes()
    for what, words in (
        ({"a": {"b": object()}}, "a.b is <object"),
        ({"a": np.array(["text"])}, "a holds <U4"),
        ({"a": np.array([1j])}, "save as .npz"),
        ({(1, 2): 3}, "keys"),
        ({"__metadata__": np.ones(1)}, "choose another name"),
    ):
        with refuses(CheckpointError, words, line=False):
            tg.save(what, path)
    for name in ("__tree__", "a\0b"):
        with refuses(CheckpointError, "choose another name", line=False):
            tg.save({name: np.ones(1)}, tmp_path / "net.npz")
    with refuses(CheckpointError, "give a module or a dict"):
        tg.save(3, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["net.safetensors"]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "net.npz"
    tg.save({"a": np.ones(2)}, path)

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        tg.save({"a": np.zeros(2)}, path)
    assert os.listdir(tmp_path) == ["net.npz"]
    np.testing.assert_array_equal(tg.load(path)["a"], [1, 1])


def test_a_missing_library_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad-edu\[io\]"'):
        tg.save({"a": Tensor([1.0])}, tmp_path / "a.safetensors")
    tg.save({"a": Tensor([1.0])}, tmp_path / "a.npz")
    assert tg.load(tmp_path / "a.npz")["a"].tolist() == [1]
