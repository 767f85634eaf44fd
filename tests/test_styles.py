"""Right gradients are accepted and mistakes named, whether a forward pass is made of rows or written out in NumPy."""

import numpy as np
import pytest
from verdicts_by_style import ALL_STYLES, tried


@pytest.mark.parametrize(("style", "columns", "dtype"), ALL_STYLES)
def test_verdicts_do_not_depend_on_how_a_net_is_written(style, columns, dtype):
    counts, missed = tried(np.random.default_rng(7), style, columns, dtype, nets=2, mistakes=4)
    assert counts["right accepted"] == counts["right"] == 2
    assert counts["wrong accepted"] == counts["noise explained"] == 0
    assert counts["wrong"] >= 5
    assert len(missed) <= 1, missed
    assert counts["first"] >= counts["wrong"] - 1
