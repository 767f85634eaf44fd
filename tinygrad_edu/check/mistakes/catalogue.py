"""The mistakes that people make when they derive gradients by hand, a row each: its name and its fix.

The letters are the article's: w_jk leads from neuron k to neuron j, δ^(l) is ∂C/∂z^(l), n examples, m outputs.
`{l}` stands for the layer, `{below}` and `{above}` for its neighbours.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One kind of mistake."""

    name: str
    fix: str
    likely: int  # of several rows that explain the same numbers, the smallest is named first


def fix_for(number: int, layer: int | None = None, right: str = "") -> str:
    """Return how to mend a mistake, in the letters of one layer, or of any."""
    below, above = ("l−1", "l+1") if layer is None else (str(layer - 1), str(layer + 1))
    return CATALOGUE[number].fix.format(l=layer or "l", below=below, above=above, right=right)


OTHER = 0  # the number of a finding that is no row of the catalogue

CATALOGUE: dict[int, Row] = {
    1: Row("the 2 of the square", "∂C_0/∂a = 2(a − y): the square brings down a factor 2, exactly once", 10),
    2: Row("sum instead of average", "∂C/∂w is the average of the n examples' nudges: divide by n", 11),
    3: Row("averaged twice", "divide by n once: the cost is already an average over the n examples", 12),
    4: Row("averaged over outputs as well", "np.mean of a matrix divides by n·m; the cost divides by n only", 13),
    5: Row("wrong sign", "the derivative of a − y by a is +1 and by y is −1: check the order, and descend only in the update", 9),
    6: Row("transposed", "w_jk: row j = to, column k = from; you have kj: take the transpose", 1),
    7: Row("no sum over the examples", "one bias serves all n examples: add up their nudges, δ.sum(axis=0)", 2),
    8: Row("average instead of sum on a bias", "∂C/∂b^({l}) adds up δ^({l}) over the examples; the 1/n is already in δ^({l})", 8),
    9: Row("summed to one number", "add up over the examples only: every neuron keeps its own number", 3),
    10: Row("one example only", "your loop overwrites: use += to add up the nudges of all n examples", 23),
    11: Row("activation's derivative forgotten", "δ^({l}) = ∂C/∂a^({l}) · σ'(z^({l})): the factor ∂a^({l})/∂z^({l}) = σ'(z^({l})) is missing", 14),
    12: Row("σ' evaluated at a", "σ'(z^({l})) is evaluated at z^({l}); you put a^({l}) into it", 15),
    13: Row("z used as if it were a", "σ'(z^({l})) = a^({l})(1 − a^({l})), and tanh' = 1 − a²: the formula is in a, you put z", 16),
    14: Row("σ instead of σ'", "multiply by the slope σ'(z^({l})), not by the value a^({l}) = σ(z^({l})); for ReLU the slope is 0 or 1", 17),
    15: Row("wrong formula for the derivative", "look the derivative up: {right}", 19),
    16: Row("activation's derivative twice", "σ'(z^({l})) belongs into δ^({l}) once", 18),
    17: Row("mask of the wrong thing", "the mask of ReLU looks at z^({l}) > 0, not at the incoming gradient, and is 0 at z = 0", 20),
    18: Row("z instead of a on the way in", "∂z^({l})/∂w_jk^({l}) = a_k^({below}), what the neuron before gave after its activation, not z_k^({below})", 21),
    19: Row("activation of another layer", "∂C/∂w_jk^({l}) = δ_j^({l}) a_k^({below}): the activation that goes into layer {l}", 22),
    20: Row("W instead of its transpose", "∂C/∂a_k^({below}) = Σ_j w_jk^({l}) δ_j^({l}): sum over j, that is Wᵀδ (or δW, one example a row)", 24),
    21: Row("weights skipped going back", "∂C/∂a^({below}) = (W^({l}))ᵀ δ^({l}): δ^({l}) does not pass to the layer below unweighted", 25),
    22: Row("weights already updated", "compute all gradients before changing any weight", 40),
    23: Row("a path was left out", "it is used more than once: add what comes back along every path (+=, not =)", 6),
    24: Row("a branch treated as constant", "nothing came back below this point: it depends on the parameters, so its derivative is not 0", 30),
    25: Row("softmax with cross entropy", "δ = p − y: it already contains the softmax Jacobian diag(p) − p pᵀ", 26),
    26: Row("weight decay", "λ/2·‖W‖² adds λW to ∂C/∂W, once; biases are usually not decayed", 31),
    27: Row("gradients accumulated", "zero_grad() is missing: each backward() adds to the gradient that is there", 33),
    28: Row("shifted or reordered", "the numbers are right and their places are not: check the order of rows, columns and indices", 29),
    29: Row("length of an axis", "a mean over an axis divides by its length once, a sum does not: compare with the cost", 28),
    30: Row("Jacobian instead of its transpose", "going back multiplies by the transposed Jacobian: Jᵀg, not J g or its diagonal alone", 32),
    31: Row("product, quotient or chain rule", "(uv)' = u'v + uv'; (u/v)' = (u'v − uv')/v²; f(g(x))' = f'(g(x))·g'(x): outer derivative at the inner value", 7),
    32: Row("power, exponential or logarithm", "(xⁿ)' = n·xⁿ⁻¹; (eˣ)' = eˣ; (aˣ)' = aˣ ln a; (ln x)' = 1/x; (log₁₀ x)' = 1/(x ln 10)", 8),
    33: Row("degrees for radians", "sin' = cos holds in radians only: convert with π/180", 34),
    34: Row("rounded", "nothing to mend: it is correct to the digits you gave", 5),
    35: Row("a factor on one summand", "every path has its own factors: check the brackets and constants of this summand alone", 27),
    36: Row("a path through time", "∂C/∂h_t adds up what comes of step t itself and, through the state after it, of all later steps; ∂C/∂W_hh uses the state before the step", 26),
    37: Row("overwritten instead of added up", "an index that occurs twice gets both gradients: np.add.at(dW, ix, g), or += in a loop", 23),
    38: Row("sum along the wrong axis", "going back, the inner sum runs along the same axis as forward", 28),
    39: Row("a transpose inside a product", "of C = A B: ∂A = ∂C Bᵀ and ∂B = Aᵀ ∂C; check each factor's transpose by its axes, not by its shape", 28),
    40: Row("the wrong slice", "a gradient goes back to the very place that was sliced: the same start, stop and column", 28),
    41: Row("geometry of a convolution", "going back to the image the kernel is turned by 180°, going back to the kernel it is not; stride and padding as forward", 20),
    42: Row("N − 1 for N", "a mean and a variance divide by N, unless the forward pass divides by N − 1: use the same number", 14),
    43: Row("another quantity in a product", "∂C/∂γ = Σ g·x̂: multiply by what the parameter was multiplied with, after it was normalised", 22),
    44: Row("counted once", "what is used for several classes gets the gradient of each use: −(number of uses), not −1", 23),
    45: Row("a factor or a term too much", "the derivative of w·x by w is x, of b is 1, of a constant 0: the parameter itself, and constants, go", 34),
    46: Row("one entry", "all others are right: look for a sign, a decimal point or two digits in this one", 35),
}  # fmt: skip  # a table: one row a line
