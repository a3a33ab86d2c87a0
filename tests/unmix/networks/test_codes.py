"""Codes: what each kind keeps, and how much of it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unmix.networks.codes import CodeLayer

NAMES = ("relu", "sigmoid", "softplus", "softmax", "topk", "batch_topk")


def raw(seed: int, n: int = 50, n_codes: int = 8) -> torch.Tensor:
    return 3 * torch.randn(n, n_codes, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", NAMES)
def test_codes_are_never_negative(name):
    layer = CodeLayer(name, 3 if "topk" in name else None)
    assert (layer(raw(0)) >= 0).all()


def test_softmax_codes_lie_on_the_simplex():
    assert torch.allclose(CodeLayer("softmax", None)(raw(1)).sum(dim=1), torch.ones(50))


@given(seed=st.integers(0, 99), n_active=st.integers(1, 8))
def test_topk_keeps_exactly_that_many_and_the_largest(seed, n_active):
    codes = CodeLayer("topk", n_active)(raw(seed))
    assert ((codes > 0).sum(dim=1) == n_active).all()
    kept, numbers = codes > 0, raw(seed)
    least_kept = numbers.where(kept, torch.inf).amin(dim=1)
    largest_left = numbers.where(~kept, -torch.inf).amax(dim=1)
    assert (least_kept >= largest_left).all()


def test_topk_of_equal_numbers_still_keeps_exactly_that_many():
    assert ((CodeLayer("topk", 3)(torch.zeros(4, 8)) > 0).sum(dim=1) == 3).all()


@given(seed=st.integers(0, 99), n_active=st.integers(1, 8))
def test_batch_topk_keeps_that_many_on_average(seed, n_active):
    layer = CodeLayer("batch_topk", n_active).train()
    numbers = raw(seed)
    assert (layer(numbers) > 0).sum() == n_active * len(numbers)
    layer.set_threshold_(numbers)
    assert (layer.eval()(numbers) > 0).sum() == n_active * len(numbers)


def test_batch_topk_reads_a_pixel_the_same_whatever_is_beside_it():
    layer = CodeLayer("batch_topk", 2).eval()
    layer.set_threshold_(raw(3))
    assert torch.equal(layer(raw(4))[:5], layer(raw(4)[:5]))
