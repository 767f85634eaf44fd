"""The variable that a gradient is by, read from the gradient's own name: dW1, ∂C/∂W1, W1_grad, ∇W1, grads["dW1"].

Knows spellings only: which variables there are is the caller's to say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ..symbolic.tokens import plain_characters

LOSS_PATTERN = r"(?:[A-Zfyc]|[Ll]oss|[Cc]ost|[Ee]rr|[Ee]rror)(?:_0)?"
FORMS = [  # of the name of a gradient, as regular expressions whose group 1 is the variable
    rf"\(?[d∂] ?{LOSS_PATTERN}? ?/ ?[d∂] ?_?(.+?)\)?",  # dL/dw, ∂C/∂W
    rf"[d∂]{LOSS_PATTERN}_?[d∂]_?(.+)",  # dLdW1, dloss_dW1
    r"(?:grads?|gradient|nabla|delta|del|∇|d|∂|D|g)_(.+)",
    r"(?:grads?|gradient|nabla|delta|del|∇|d|∂)\(?(.+?)\)?",
    r"(.+?)[._](?:grads?|gradient|bar)",
    r"(.+?)(?:grad|bar)",
    r"\w['′]\((\w+)\)",  # f'(x)
    r"g(.+)",
]


def plain(name: str) -> str:
    """Return a name without what people spell differently: `W^(2)`, `W_2` and `W2` are one."""
    return re.sub(r"[\s_^().{}\\]", "", plain_characters(name))


def last_part(name: str) -> str:
    """Return a name without the objects that it is a part of."""
    return name.rsplit(".", 1)[-1]


SPELLINGS: tuple[Callable[[str], str], ...] = (str, plain, last_part, lambda name: plain(name).lower())


def variables_of(name: str) -> Iterator[str]:
    """Yield the variables that a gradient of this name may be by, the likeliest first; none if it is no gradient."""
    inner = re.search(r"\[['\"](.+?)['\"]\]$", name)
    key = plain_characters(re.sub(r"\\partial\b", "∂", re.sub(r"\\frac\{(.*?)\}\{(.*?)\}", r"\1/\2", name)))
    texts = [inner[1]] if inner else list(dict.fromkeys([key.strip(), last_part(key.strip())]))
    for form in FORMS:
        for text in texts:
            if match := re.fullmatch(form, text):
                yield match[1]


def variable_of(name: str, known: Iterable[str]) -> str | None:
    """Return the known variable that a name is, or is the gradient by; None if there is none.

    Spellings are compared ever more freely: as they are, without underscores, without the object before the last dot,
    without regard to capitals. Where two known variables are then spelled alike, neither is found in that way.
    """
    known = list(dict.fromkeys(known))
    guesses = [name, *variables_of(name)]
    for spelling in SPELLINGS:
        spelled = [spelling(x) for x in known]
        count = Counter(spelled)
        table = dict(zip(spelled, known, strict=True))
        for guess in guesses:
            if count[spelling(guess)] == 1:
                return table[spelling(guess)]
    return None
