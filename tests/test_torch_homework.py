"""Homework scripts written in PyTorch: every dX beside autograd's, the first wrong one told by its line."""

import sys

import pytest

from tinygrad_edu.check.homework.check import check_program
from tinygrad_edu.check.homework.program import HomeworkError, LearnerProgram

torch = pytest.importorskip("torch", reason="the scripts under test are written in PyTorch")

SCRIPT = """\
import torch
import torch.nn.functional as F

g = torch.Generator().manual_seed(1)
X, y = torch.randn((7, 4), generator=g), torch.tensor([0, 2, 1, 1, 0, 2, 1])
W1 = torch.randn((4, 5), generator=g)
b1 = torch.randn((1, 5), generator=g)
W2 = torch.randn((5, 3), generator=g)
for p in (W1, b1, W2):
    p.requires_grad = True
hpre = X @ W1 + b1
mean = hpre.mean(0, keepdim=True)
centred = hpre - mean
h = torch.tanh(centred)
logits = h @ W2
loss = F.cross_entropy(logits, y)
loss.backward()

dlogits = F.softmax(logits, 1)
dlogits[range(7), y] -= 1
dlogits /= 7
dW2 = h.T @ dlogits
dh = dlogits @ W2.T
dcentred = (1 - h**2) * dh
dhpre = dcentred.clone()
dmean = -dcentred.sum(0, keepdim=True)
dhpre += dmean / 7
dW1 = X.T @ dhpre
db1 = dhpre.sum(0)
"""


def checked(text):
    return check_program(LearnerProgram(text, "homework.py"))


def test_a_right_script_is_right_and_torch_is_left_as_it_was():
    before = torch.get_default_dtype()
    report = checked(SCRIPT)
    assert report.right, report.text()
    assert set(report.parameters) == {"logits", "W2", "h", "centred", "hpre", "mean", "W1", "b1"}
    assert "zero, but for rounding" in report.parameters["b1"].verdict  # which the mean takes away again
    assert torch.get_default_dtype() is before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dW2 = h.T @ dlogits", "dW2 = 2 * h.T @ dlogits"),
        ("dcentred = (1 - h**2) * dh", "dcentred = (1 - h) * dh"),
        ("dmean = -dcentred", "dmean = dcentred"),
        ("dhpre += dmean / 7", "dhpre += dmean"),
        ("dW1 = X.T @ dhpre", "dW1 = X.T @ dcentred"),
    ],
)
def test_the_first_wrong_gradient_is_told_with_its_line(old, new):
    report = checked(SCRIPT.replace(old, new))
    assert not report.right
    assert report.line == SCRIPT[: SCRIPT.index(old)].count("\n") + 1, report.text()


def test_of_a_gradient_in_several_lines_all_are_told():
    report = checked(SCRIPT.replace("dlogits /= 7\n", "\n"))
    assert (report.line, report.others) == (20, (19,))
    assert "or in line 19" in report.text()


@pytest.mark.parametrize(
    "step", ["\nW1.data += -0.1 * dW1\n", "\nwith torch.no_grad():\n    W2 -= 0.1 * dW2\n    W1 -= 0.1 * dW1\n"]
)
def test_a_training_step_within_is_refused(step):
    with pytest.raises(HomeworkError, match="leave the training step out"):
        checked(SCRIPT + step)


def test_a_script_without_gradients_is_told_what_it_needs():
    with pytest.raises(HomeworkError, match="needs a `loss`"):
        checked(SCRIPT[: SCRIPT.index("dlogits = ")])


def test_without_pytorch_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(HomeworkError, match="pip install torch"):
        checked(SCRIPT)
