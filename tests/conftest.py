"""How every test runs: property tests are the same on every machine, and `--plain` takes the fast twins away."""

import gc
import os

import numpy as np
import pytest
from browsing import browser  # noqa: F401  # a fixture
from hypothesis import HealthCheck, settings

import tinygrad_edu.nn  # noqa: F401  # installs all twins, of the neuron too
from tinygrad_edu import fast
from tinygrad_edu.check.homework import process
from tinygrad_edu.core.op import TABLE

settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")


def pytest_addoption(parser):
    parser.addoption("--plain", action="store_true", help="run the plain engine, without the fast twins")


def pytest_configure(config):
    if config.getoption("--plain"):
        fast.uninstall()
    if (measured := os.environ.get("COVERAGE_PROCESS_CONFIG")) is not None:  # which the checker's own processes lack
        begin = f"import os, coverage; os.environ['COVERAGE_PROCESS_CONFIG'] = {measured!r}; coverage.process_startup()"
        process.PROGRAM = f"{begin}; {process.PROGRAM}"


def pytest_collection_finish():
    """Let the collector of garbage, which some tests call, pass over the tests themselves and all that they import."""
    gc.freeze()


@pytest.fixture
def plain_engine():
    """The engine without the fast twins, for one test."""
    installed = fast.uninstall()
    yield
    if installed:
        fast.install()


@pytest.fixture(autouse=True)
def state_as_found():
    """What a test shares with the next: the table of operations, and NumPy's error state.

    A fault that is injected between any two instructions could leave the error state changed, so that is asked after.
    """
    rows, before = set(TABLE), np.geterr()
    yield
    for name in TABLE.keys() - rows:
        del TABLE[name]
    after = np.geterr()
    np.seterr(**before)
    assert after == before, "a test left NumPy's error state changed"
