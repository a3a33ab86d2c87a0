"""The decoders' weights are the endmembers."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from unmix.autoencoder import ArchetypalDecoder, LinearDecoder

LAWS = settings(max_examples=25, deadline=None, derandomize=True)


def archetypal(seed=0, n_starts=3, n_free=2, n_points=12, n_coordinates=5, n_frozen=0):
    generator = torch.Generator().manual_seed(seed)
    candidates = torch.rand(n_points, n_coordinates, generator=generator)
    logits = 5 * torch.randn(n_starts, n_free, n_points, generator=generator)
    frozen = torch.rand(n_frozen, n_coordinates, generator=generator) + 2 if n_frozen else None
    return ArchetypalDecoder(candidates, logits, frozen), candidates, logits, frozen


@LAWS
@given(seed=st.integers(0, 2**31), n_free=st.integers(1, 6), scale=st.floats(0, 50))
def test_archetypal_weights_lie_on_the_simplex(seed, n_free, scale):
    decoder, _, logits, _ = archetypal(seed, n_free=n_free)
    decoder = ArchetypalDecoder(decoder.candidates, scale * logits)
    assert decoder.weights.shape == (3, n_free, 12)
    assert (decoder.weights >= 0).all()
    torch.testing.assert_close(decoder.weights.sum(dim=-1), torch.ones(3, n_free))


@LAWS
@given(seed=st.integers(0, 2**31))
def test_archetypal_endmembers_lie_in_the_hull_of_the_candidates(seed):
    """Seen from any side, no endmember sticks out beyond the outermost candidate."""
    decoder, candidates, _, _ = archetypal(seed)
    directions = torch.randn(5, 200, generator=torch.Generator().manual_seed(seed))
    reach = candidates @ directions
    seen = decoder.endmembers @ directions
    assert (seen <= reach.max(dim=0).values + 1e-5).all()
    assert (seen >= reach.min(dim=0).values - 1e-5).all()


def test_a_certain_endmember_is_its_candidate():
    candidates = torch.rand(4, 3)
    logits = torch.full((1, 2, 4), -200.0)
    logits[0, 0, 3] = logits[0, 1, 1] = 0
    decoder = ArchetypalDecoder(candidates, logits)
    torch.testing.assert_close(decoder.endmembers[0], candidates[[3, 1]])


def test_frozen_endmembers_come_last_in_every_start():
    decoder, candidates, _, frozen = archetypal(n_frozen=2)
    assert decoder.endmembers.shape == (3, 4, 5)
    for start in decoder.endmembers:
        assert torch.equal(start[2:], frozen)
    torch.testing.assert_close(decoder.endmembers[:, :2], decoder.weights @ candidates)


def test_only_the_logits_of_an_archetypal_decoder_are_learned():
    decoder, _, logits, _ = archetypal(n_frozen=1)
    assert [name for name, _ in decoder.named_parameters()] == ["logits"]
    decoder.endmembers.square().sum().backward()
    with torch.no_grad():
        decoder.logits.add_(1)
    again = archetypal(n_frozen=1)[2]
    assert torch.equal(logits, again), "the caller's logits were changed"


def test_decoding_is_linear_without_a_bias():
    decoder, *_ = archetypal(n_frozen=1)
    codes = torch.rand(2, 3, 7, 3, generator=torch.Generator().manual_seed(1))
    first, second = codes
    assert torch.equal(decoder(torch.zeros(3, 7, 3)), torch.zeros(3, 7, 5))
    torch.testing.assert_close(decoder(first + 2 * second), decoder(first) + 2 * decoder(second))
    units = torch.eye(3).expand(3, -1, -1)
    torch.testing.assert_close(decoder(units), decoder.endmembers)


def test_a_linear_decoder_holds_the_endmembers_it_was_given():
    endmembers = torch.rand(3, 8)
    decoder = LinearDecoder(endmembers)
    assert torch.equal(decoder.endmembers, endmembers)
    assert list(decoder.parameters()) == []
    assert torch.equal(decoder.state_dict()["endmembers"], endmembers)
    torch.testing.assert_close(decoder(torch.eye(3)), endmembers)
    assert torch.equal(decoder(torch.zeros(2, 3)), torch.zeros(2, 8))
