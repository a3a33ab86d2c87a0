"""Which device computes."""

import pytest
import torch

from unmix.device import resolve_device
from unmix.errors import UnmixError


@pytest.mark.parametrize(("there", "expected"), [(True, "cuda"), (False, "cpu")])
def test_auto_is_cuda_where_there_is_one(monkeypatch, there, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert resolve_device("auto") == torch.device(expected)


def test_cpu_is_the_cpu():
    assert resolve_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "bogus", "", "mps:7", 99])
def test_a_device_that_is_not_there_is_named_in_the_error(name):
    with pytest.raises(
        UnmixError, match=r"`device` .*is not available.* Use 'auto' or 'cpu'\."
    ) as e:
        resolve_device(name)
    assert repr(name) in str(e.value)


@pytest.mark.parametrize("name", ["meta", None, 1.5])
def test_what_cannot_hold_numbers_is_no_device(name):
    with pytest.raises(UnmixError, match="`device`"):
        resolve_device(name)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_is_a_cuda_device():
    assert resolve_device("cuda").type == resolve_device("auto").type == "cuda"
