"""A gradient's name says which variable it is by, however it is spelled."""

import pytest

from tinygrad_edu.check.gradient_names import variable_of, variables_of

SPELLED = (
    *("W1", "dW1", "dW_1", "dLdW1", "dL_dW1", "dL/dW1", "dJ/dW1", "dloss_dW1", "∂C/∂W1", "∂C_0/∂W^(1)", "dw1"),
    *("grad_W1", "gradW1", "W1_grad", "W1.grad", "W1grad", "nabla_W1", "∇W1", "∇_W1", "D_W1", "gW1", "delta_W1"),
    *("W1_bar", 'grads["dW1"]', "self.dW1", r"\frac{\partial C}{\partial W_1}"),
)


@pytest.mark.parametrize("name", SPELLED)
def test_a_spelling_is_understood(name):
    assert variable_of(name, ["X", "W1", "b1"]) == "W1"


def test_a_variable_of_that_very_name_comes_first():
    assert variable_of("db", ["b", "db"]) == "db"
    assert variable_of("dB", ["b", "B"]) == "B"


def test_what_may_be_either_of_two_is_neither():
    assert variable_of("dweight", ["1.weight", "2.weight"]) is None
    assert variable_of("dweight", ["1.weight", "2.bias"]) == "1.weight"
    assert variable_of("dQ", ["q", "Q_"]) == "Q_"


def test_names_of_other_things_are_no_gradients():
    assert list(variables_of("loss")) == []
    assert variable_of("hidden", ["W1", "b1"]) is None
