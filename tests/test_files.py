"""Files of numbers: what is saved is loaded bit by bit, by others too; what is broken is refused, nothing is run."""

import io
import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from refusing import refuses
from torch_of_files import STATE, TRAINING, numbers

import tinygrad_edu as tg
from tinygrad_edu import Tensor, nn
from tinygrad_edu.errors import CheckpointError
from tinygrad_edu.io import checkpoints, npz, pieces, trees
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


def test_a_path_of_pytorchs_is_not_written(tmp_path):
    with refuses(CheckpointError, "save: .pt is PyTorch's own format", ".safetensors"):
        tg.save({"w": np.ones(2)}, tmp_path / "net.pt")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40)
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


def archive(pickled, others=(), **files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("x/data.pkl", pickled)
        for name, content in dict(others).items():
            file.writestr(name, content)
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
MANY = b")" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(40))  # pairs of pairs: 2**40 of them, in 200 bytes
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
    "two pickles": (archive(tensor(), {"y/data.pkl": b"."}, **{"0": FOUR}), "holds 2 files data.pkl"),
    "an order of bytes that there is not": (archive(tensor(), {"x/byteorder": b"middle"}, **{"0": FOUR}), "b'middle'"),
    "two objects": (archive(b"\x80\x02}}."), "is not whole"),
    "a storage that is a class of another kind": (
        archive(tensor(storage=b"ccollections\nOrderedDict\n"), **{"0": FOUR}),
        "a storage of collections OrderedDict",
    ),
    "a tensor of no storage": (
        archive(b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(K\x00K\x00))tR."),
        "of something that is no storage",
    ),
    "a truth value that is 2": (
        archive(tensor(storage=b"ctorch\nBoolStorage\n"), **{"0": bytes((0, 1, 2, 0))}),
        "neither 0 nor 1",
    ),
    "a storage of two types": (
        archive(b"\x80\x02](" + tensor()[2:-1] + tensor(storage=b"ctorch\nIntStorage\n")[2:-1] + b"e.", **{"0": FOUR}),
        "storage '0' is of two types",
    ),
    "a tuple of more than there is": (archive(b"\x80\x02K\x01\x86."), "more from the stack"),
    "a tuple across a mark": (archive(b"\x80\x02K\x01(K\x02\x87."), "more from the stack"),
    "something appended to a dict": (archive(b"\x80\x02}K\x01a."), "what is no list"),
    "attributes of a list": (archive(b"\x80\x02]}b."), "what has none"),
    "a dict of what are no pairs": (archive(b"\x80\x02ccollections\nOrderedDict\n(K\x01tR."), "no pairs"),
    "a dict of triples": (
        archive(b"\x80\x02ccollections\nOrderedDict\n(](K\x01K\x02K\x03tatR."),
        "no pairs",
    ),
    "a parameter of no tensor": (
        archive(b"\x80\x02ctorch._utils\n_rebuild_parameter\n(K\x01\x88}tR."),
        "a parameter of what is no tensor",
    ),
    "a size of no tuple": (archive(b"\x80\x02ctorch\nSize\n(K\x01tR."), "a size of what is no tuple"),
    "pairs of pairs": (archive(b"\x80\x02}X\x01\x00\x00\x00w" + MANY + b"s."), "again and again"),
    "pairs of pairs as a key": (archive(b"\x80\x02}" + MANY + b"K\x01s."), "under what is no name"),
    "pairs of pairs as a key of pairs": (
        archive(b"\x80\x02ccollections\nOrderedDict\n(]" + MANY + b"K\x01\x86atR."),
        "no pairs",
    ),
    "pairs of pairs as a storage": (archive(b"\x80\x02" + MANY + b"Q."), "is no storage"),
    "pairs of pairs that are called": (archive(b"\x80\x02" + MANY + b")R."), "calls ((("),
    "pairs of pairs as a shape": (archive(tensor(size=MANY), **{"0": FOUR}), "has the shape ((("),
    "pairs of pairs as strides": (archive(tensor(stride=MANY), **{"0": FOUR}), "the strides ((("),
}


@pytest.mark.parametrize(("content", "words"), TORCH.values(), ids=TORCH.keys())
def test_a_pickle_that_is_no_state_is_refused_by_name_and_does_nothing(content, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.pt").write_bytes(content)
    with refuses(CheckpointError, "model.pt cannot be read", words):
        tg.load("model.pt")
    assert os.listdir() == ["model.pt"]


def test_what_else_a_pickle_of_pytorch_may_hold(tmp_path):
    pairs = b"ccollections\nOrderedDict\n(](K\x01K\x02\x86K\x03K\x04\x86etR"
    parameter = b"ctorch._utils\n_rebuild_parameter\n(" + tensor()[2:-1] + b"\x88}tR"
    size = b"ctorch\nSize\n(K\x02K\x03\x86tR"
    path = tmp_path / "model.pt"
    path.write_bytes(
        archive(b"\x80\x02](" + pairs + parameter + size + b"ccollections\nOrderedDict\n)Re.", **{"0": FOUR})
    )
    found = tg.load(path)
    assert (found[0], found[1].tolist(), found[2], found[3]) == ({1: 2, 3: 4}, [[0, 1], [2, 3]], (2, 3), {})
    path.write_bytes(archive(tensor(), {"x/byteorder": b"big"}, **{"0": np.arange(4, dtype=">f4").tobytes()}))
    assert tg.load(path).tolist() == [[0, 1], [2, 3]]
    assert tg.load(path).dtype.isnative


VIEWS = {  # size, stride, offset -> the numbers, of a storage that holds 0 to 15
    "whole": ((4, 4), (4, 1), 0),
    "turned": ((4, 4), (1, 4), 0),
    "a part": ((2, 3), (3, 1), 5),
    "every other": ((4,), (2,), 1),
    "one axis of length 1": ((1, 5), (99, 1), 3),
    "one number, repeated": ((3, 2), (0, 0), 7),
    "nothing": ((0, 3), (3, 1), 2),
    "a single number": ((), (), 9),
}


@pytest.mark.parametrize("piece", [8, 16, 64, 1 << 18])
def test_tensors_are_read_from_their_storages_in_pieces(piece, tmp_path, monkeypatch):
    """All of them from one storage, in pieces that end anywhere."""
    monkeypatch.setattr(pieces, "PIECE", piece)
    numbers = np.arange(16.0)

    def counts(of):
        return b"(" + b"".join(b"K" + bytes([n]) for n in of) + b"t"

    path, made = tmp_path / "model.pt", []
    for size, stride, offset in VIEWS.values():
        given = {"storage": b"ctorch\nDoubleStorage\n", "count": b"K\x10", "offset": offset}
        made.append(tensor(size=counts(size), stride=counts(stride), **given)[2:-1])
    path.write_bytes(archive(b"\x80\x02](" + b"".join(made) + b"e.", **{"0": numbers.tobytes()}))
    for found, (size, stride, offset) in zip(tg.load(path), VIEWS.values(), strict=True):
        expected = np.lib.stride_tricks.as_strided(numbers[offset:], size, [8 * n for n in stride])
        np.testing.assert_array_equal(found, expected)
        assert found.shape == size
        assert found.flags.owndata


def test_a_zip_of_very_many_files_says_their_number_elsewhere(tmp_path):
    """In the longer records at its end; these are written here for one of two files."""
    np.savez(tmp_path / "a.npz", a=np.arange(2.0), b=np.ones(3))
    content = (tmp_path / "a.npz").read_bytes()
    end = content.rindex(b"PK\x05\x06")
    size, start = (int.from_bytes(content[end + at : end + at + 4], "little") for at in (12, 16))
    for count in (2, 3):
        long = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2, count, size, start)
        locator = b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1)
        short = content[end : end + 8] + b"\xff\xff\xff\xff" + content[end + 12 :]
        (tmp_path / "b.npz").write_bytes(content[:end] + long + locator + short)
        if count == 2:
            assert tg.load(tmp_path / "b.npz")["b"].tolist() == [1, 1, 1]
            continue
        with refuses(CheckpointError, "says that it holds 3 files, and lists 2"):
            tg.load(tmp_path / "b.npz")


def test_nesting_and_numbers_of_a_checkpoint(tmp_path):
    deep = {"a": 1}
    for _ in range(99):
        deep = {"a": deep}
    tg.save(deep, tmp_path / "deep.npz")
    assert tg.load(tmp_path / "deep.npz") == deep
    with refuses(CheckpointError, "more than 100 dicts and lists deep", line=False):
        tg.save({"a": {"a": deep}}, tmp_path / "deep.npz")
    assert trees.flattened({"n": np.float32(0.5), "x": "text"}) == ({}, '{"n": 0.5, "x": "text"}')
    with pytest.raises(ValueError, match="'b' has no place"):
        trees.restored({"a": np.ones(1), "b": np.ones(1)}, '{"w": {"__array__": "a"}}')
    for depth, deeper in ((100, False), (101, True)):
        text = '{"a": ' * depth + "1" + "}" * depth
        if deeper:
            with pytest.raises(ValueError, match="nested more than 100 deep"):
                trees.restored({}, text)
        else:
            assert trees.restored({}, text)


def test_a_later_version_of_npy_is_refused(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a.npy", b"\x93NUMPY\x03\x00" + bytes(100))
    (tmp_path / "a.npz").write_bytes(file.getvalue())
    with refuses(CheckpointError, "'a.npy' is of version (3, 0)"):
        tg.load(tmp_path / "a.npz")


def test_an_entry_that_ends_early_or_goes_on():
    with pytest.raises(ValueError, match="'a' ends early"):
        pieces.fill(io.BytesIO(b"123"), np.empty(4, np.uint8), "a")
    with pytest.raises(ValueError, match="'a' is longer than it says"):
        pieces.end(io.BytesIO(b"1"), "a")
    pieces.end(io.BytesIO(), "a")
    filled = np.empty(3, np.uint8)
    pieces.fill(io.BytesIO(b"123"), filled, "a")
    assert filled.tobytes() == b"123"


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
        (".safetensors", lambda folder: small(".safetensors", folder), 3),
        (".pt", lambda folder: small(".pt", folder), 3),
        (".npz", one_array, 5),
        (".npz", lambda folder: small(".npz", folder), 23),  # three entries of the same form: the archive as a whole
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


def test_an_npz_that_would_fill_the_memory_is_refused_before_it_does(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "PACKED", 1 << 20)
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("a.npy", "w", force_zip64=True) as entry,
    ):
        np.lib.format.write_array_header_1_0(entry, {"descr": "<f8", "fortran_order": False, "shape": (1 << 18,)})
        entry.write(bytes(1 << 21))
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
