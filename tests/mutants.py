"""Rows of the table with a planted fault: the checks are checked by what they say of them."""

import copy

from tinygrad_edu.core.op import VariadicRule


def mutated(row, i, mutate):
    """A copy of a row whose i-th rule is a mutant."""
    rules = row.rules
    mutant = copy.copy(row)
    if isinstance(rules, VariadicRule):
        mutant.rules = VariadicRule(
            lambda j, *args, **params: (mutate(rules[j]) if j == i else rules[j])(*args, **params)
        )
    else:
        mutant.rules = tuple(mutate(rule) if j == i else rule for j, rule in enumerate(rules))
    return mutant
