"""Files that lie, files of other kinds, and files that are written: each refused in words, or right to the last bit."""

import io
import json
import multiprocessing
import os
import pickle
import warnings
import zipfile

import numpy as np
import pytest
from refusing import refuses

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import CheckpointError

ONE = {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}
EIGHT = bytes(8)
FORMS = [".safetensors", ".npz"]


@pytest.fixture(autouse=True)
def files_only_where_they_are_wanted(tmp_path, monkeypatch):
    pytest.importorskip("safetensors", reason='needs pip install "tinygrad-edu[io]"')
    monkeypatch.chdir(tmp_path)


def told(text, data=EIGHT):
    """A safetensors file with this header."""
    text = text if isinstance(text, bytes) else text.encode() if isinstance(text, str) else json.dumps(text).encode()
    return len(text).to_bytes(8, "little") + text + data


def npy(shape="(1,)", descr="'<f8'", data=EIGHT):
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (-(len(head) + 11) % 16) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + data


def zipped(*members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two of one name
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


class Canary:
    def __reduce__(self):
        return os.mkdir, ("harm",)


def pickled(save):
    file = io.BytesIO()
    save(file, np.array([Canary()], object))
    return file.getvalue()


HEADERS = {
    "longer than the file": ((1 << 63).to_bytes(8, "little") + EIGHT, "9,223,372,036,854,775,808 bytes"),
    "200 MB long": ((200 << 20).to_bytes(8, "little") + EIGHT, "209,715,200 bytes"),
    "no JSON": (told("hello"), "Expecting value"),
    "a list": (told("[]"), "no object"),
    "no UTF-8": (told(b'{"\xff": 1}'), "utf-8"),
    "nested 100,000 times": (told("[" * 100_000), "recursion"),
    "not a number": (told('{"a": {"dtype": "F64", "shape": [NaN], "data_offsets": [0, 8]}}'), "JSON"),
    "a number of 5,000 digits": (told(f'{{"a": {{"dtype": "F64", "shape": [{"1" * 5000}]}}}}'), "digits"),
    "one name twice": (told(f'{{"a": {json.dumps(ONE)}, "a": {json.dumps(ONE)}}}'), "twice"),
    "a field missing": (told({"a": {"dtype": "F64", "shape": [1]}}), "data_offsets"),
    "metadata that is no text": (told({"a": ONE, "__metadata__": {"x": 1}}), "no texts"),
    "metadata that is a list": (told({"a": ONE, "__metadata__": []}), "no texts"),
    "a hole": (told({"a": {**ONE, "data_offsets": [8, 16]}}, bytes(16)), "end to end"),
    "an overlap": (told({"a": ONE, "b": ONE}), "end to end"),
    "offsets reversed": (told({"a": {**ONE, "data_offsets": [8, 0]}}), "-8 bytes"),
    "beyond the end": (told({"a": {**ONE, "shape": [2], "data_offsets": [0, 16]}}), "end to end"),
    "bytes that trail": (told({"a": ONE}, bytes(16)), "end to end"),
    "a shape of other bytes": (told({"a": {**ONE, "shape": [2]}}), "shape"),
    "a negative length": (told({"a": {**ONE, "shape": [-1]}}), "-1"),
    "a length that is a fraction": (told({"a": {**ONE, "shape": [1.0]}}), "1.0"),
    "lengths that overflow": (told({"a": {**ONE, "shape": [1 << 62, 4]}}), "has 8 bytes"),
    "objects": (told({"a": {**ONE, "dtype": "O"}}), "it holds O"),
    "a type that there is not": (told({"a": {**ONE, "dtype": "zz"}}), "it holds zz"),
    "a type that is a list": (told({"a": {**ONE, "dtype": ["F64"]}}), "list"),
}
ARCHIVES = {
    "a terabyte": (zipped(("a.npy", npy("(1000000000000,)"))), "holds 8 bytes"),
    "a negative length": (zipped(("a.npy", npy("(-1,)"))), "shape is (-1,)"),
    "no numbers": (zipped(("a.npy", npy(descr="'|V8'"))), "only numbers are read"),
    "texts": (zipped(("a.npy", npy(descr="'<U2'"))), "only numbers are read"),
    "records": (zipped(("a.npy", npy(descr="[('a', '<f8')]"))), "only numbers are read"),
    "objects": (pickled(lambda file, x: np.savez(file, a=x)), "only numbers are read"),
    "a header that is no dict": (zipped(("a.npy", b"\x93NUMPY\x01\x00\x10\x00" + b"(" * 16)), "cannot be read"),
    "one name twice": (zipped(("a.npy", npy()), ("a.npy", npy())), "2 files"),
    "nothing, after a kilobyte": (b"PK\x03\x04" + bytes(1020) + zipped(), "holds nothing"),
    "a text": (zipped(("a.txt", b"hello")), "'a.txt' is no array"),
    "a tree nested 100,000 times": (
        zipped(("__tree__.npy", npy("(100000,)", "'|u1'", b"[" * 100_000))), "recursion"
    ),
}  # fmt: skip
OTHERS = {
    "empty": (b"", "empty"),
    "seven bytes": (b"1234567", "7 bytes long"),
    "a page": (b"<!doctype html><html></html>", "a page"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + EIGHT, "a picture"),
    "one array": (npy(), "numpy.load"),
    "an array of objects": (pickled(np.save), "numpy.load"),
    "a bare pickle": (pickle.dumps([Canary()]), "bare pickle"),
    "packed": (b"\x1f\x8b\x08" + EIGHT, "gzip"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
}
LYING = [*HEADERS.items(), *ARCHIVES.items(), *OTHERS.items()]


@pytest.mark.parametrize(("content", "words"), [case for _, case in LYING], ids=[name for name, _ in LYING])
def test_a_file_that_lies_or_is_another_is_refused_before_memory_is_spent_and_nothing_runs(content, words):
    with open("file", "wb") as file:
        file.write(content)
    with refuses(CheckpointError, "file cannot be read", words):
        tg.load("file")
    assert os.listdir() == ["file"]


def test_a_folder_is_no_checkpoint_and_a_missing_file_is_pythons_error():
    os.mkdir("folder")
    with refuses(CheckpointError, "folder"):
        tg.load("folder")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        tg.load("nowhere")


def test_names_of_entries_are_names_and_never_paths():
    """An archive is read in memory: `../evil` is the name of an array, as in any other file."""
    with open("file", "wb") as file:
        file.write(zipped(("../evil.npy", npy())))
    assert [*tg.load("file")] == ["../evil"]
    assert os.listdir() == ["file"]


def test_what_others_write_and_mean_nothing_by_is_read():
    """Blanks before a header stand in real files, for alignment; fields that nobody knows are left to who does."""
    for text in (f"   {json.dumps({'a': ONE})}", json.dumps({"a": {**ONE, "more": 1}})):
        with open("file", "wb") as file:
            file.write(told(text))
        np.testing.assert_array_equal(tg.load("file")["a"], [0.0])


@pytest.mark.parametrize(("form", "count"), [(".safetensors", 10_000), (".npz", 1000)])  # a zip is slow
def test_thousands_of_tensors_and_the_same_bytes_twice(form, count):
    arrays = {f"größe/{i}·ß": np.full(i % 3, i, np.int16) for i in range(count)}
    tg.save(arrays, f"a{form}")
    tg.save(arrays, f"b{form}")
    with open(f"a{form}", "rb") as one, open(f"b{form}", "rb") as other:
        assert one.read() == other.read()
    found = tg.load(f"a{form}")
    assert found.keys() == arrays.keys()
    assert all(np.array_equal(found[name], x) for name, x in arrays.items())


def test_a_file_is_written_under_exactly_its_name():
    tg.save({"w": np.ones(1)}, "w")
    tg.save({"w": np.ones(1)}, "w.tar.npz")
    assert sorted(os.listdir()) == ["w", "w.tar.npz"]


def trained(net):
    """Step a net that came from another process."""
    net(np.ones((2, 3))).sum().backward()
    nn.SGD(net.parameters(), lr=0.5).step()
    return [p.data for p in net.parameters()]


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_a_net_goes_to_another_process_and_comes_back(way):
    if way not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {way} here")
    net = nn.Sequential(nn.Linear(3, 2, rng=0), nn.Tanh())
    with multiprocessing.get_context(way).Pool(1) as pool:
        there = pool.apply(trained, (net,))
    assert all(p.grad is None for p in net.parameters())
    for one, other in zip(there, trained(net), strict=True):
        np.testing.assert_array_equal(one, other)
