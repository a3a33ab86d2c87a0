"""Settings that cannot work are refused before anything is computed."""

import dataclasses

import pytest

from unmix.autoencoder import FitSettings
from unmix.errors import UnmixError


@pytest.mark.parametrize(
    "name", ["n_points", "n_starts", "n_steps", "n_codes_steps", "ball_rounds"]
)
@pytest.mark.parametrize("value", [0, -3])
def test_counts_are_at_least_one(name, value):
    with pytest.raises(UnmixError, match=rf"`{name}` must be at least 1\. Got {value}\."):
        FitSettings(**{name: value})


@pytest.mark.parametrize("name", ["learning_rate", "flatten", "ball"])
@pytest.mark.parametrize("value", [0, -0.1, float("nan")])
def test_lengths_and_rates_are_positive(name, value):
    with pytest.raises(UnmixError, match=rf"`{name}` must be positive\. Got {value}\."):
        FitSettings(**{name: value})


@pytest.mark.parametrize("name", ["sparsity", "spread", "spread_noise", "n_extra"])
def test_weights_are_not_negative(name):
    with pytest.raises(UnmixError, match=rf"`{name}` must .*Got -1\."):
        FitSettings(**{name: -1})


@pytest.mark.parametrize("value", [2.5, "100", None])
def test_counts_are_whole_numbers(value):
    with pytest.raises(UnmixError, match="`n_points` must be"):
        FitSettings(n_points=value)


def test_switches_are_true_or_false():
    with pytest.raises(UnmixError, match=r"`even_light` must be true or false\. Got 1\."):
        FitSettings(even_light=1)


def test_settings_can_be_compared_and_not_changed():
    assert FitSettings() == FitSettings()
    assert dataclasses.replace(FitSettings(), n_points=7) != FitSettings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        FitSettings().n_points = 7
