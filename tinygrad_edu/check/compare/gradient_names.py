"""The parameter that a gradient is by, read from the gradient's own name: dW1, ∂C/∂W1, W1_grad, ∇W1.

Knows spellings only; whether there is such a parameter is the caller's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

from ...symbolic.natural import plain_characters

LOSSES = r"(?:[A-Zfyc]|[Ll]oss|[Cc]ost|[Ee]rr|[Ee]rror)(?:_0)?"
FORMS = [  # of the name of a gradient, as regular expressions whose group 1 is the parameter
    rf"\(?[d∂] ?{LOSSES}? ?/ ?[d∂] ?_?(.+?)\)?",  # dL/dw, ∂C/∂W
    rf"[d∂]{LOSSES}_?[d∂]_?(.+)",  # dLdW1, dloss_dW1
    r"(?:grads?|gradient|nabla|∇|d|∂|D|g)_(.+)",
    r"(?:grads?|nabla|∇|d|∂)\(?(.+?)\)?",
    r"(.+?)[._](?:grads?|gradient)",
    r"(.+)grad",
    r"\w['′]\((\w+)\)",  # f'(x)
]
Found = TypeVar("Found")


def plain(name: str) -> str:
    """Return a name without what people spell differently: `W^(2)`, `W_2` and `W2` are one."""
    return re.sub(r"[\s_^().{}\\]", "", plain_characters(name))


def parameters_of(key: str) -> Iterator[str]:
    """Yield the parameters, in plain spelling, that a gradient called `key` may be by, the likeliest first."""
    key = plain_characters(re.sub(r"\\partial\b", "∂", re.sub(r"\\frac\{(.*?)\}\{(.*?)\}", r"\1/\2", key))).strip()
    yield plain(key)
    for form in FORMS:
        if match := re.fullmatch(form, key):
            yield plain(match[1])


def found_under(key: str, known: Mapping[str, Found]) -> Found | None:
    """Return what `known`, whose keys are plain spellings, holds for the parameter of a gradient; None if nothing."""
    return next((known[name] for name in parameters_of(key) if name in known), None)
