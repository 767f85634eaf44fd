"""How the tests of bad input ask: for the exception's type, the words of its message, and the line it points to."""

import sys
from contextlib import contextmanager

import pytest


@contextmanager
def refuses(kind, *words, line=True):
    """Expect an exception of `kind` whose message (or notes) has every one of `words`, and names the test's line."""
    frame = sys._getframe(2)  # past contextlib's __enter__
    with pytest.raises(kind) as caught:
        yield caught
    message = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    missing = [word for word in words if word not in message]
    assert not missing, f"{missing} are not in: {message}"
    assert len(message) < 1000
    if line:
        assert f"{frame.f_code.co_filename}:" in message
