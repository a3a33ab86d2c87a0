"""Choosing spectra of a library."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from unmix import UnmixError
from unmix.pruning import iterative_selection, prune_by_angle, representativeness

SPECTRA = npst.arrays(np.float64, (6, 4), elements=st.floats(0.05, 1))
CLASSES = ["soil", "soil", "soil", "npv", "npv", "water"]


def angle(x, y):
    return np.arccos(np.clip(x @ y / np.linalg.norm(x) / np.linalg.norm(y), -1, 1))


@given(SPECTRA, st.floats(0.01, 1))
def test_kept_spectra_differ_and_the_others_are_like_one_kept(spectra, limit):
    kept = prune_by_angle(spectra, limit).tolist()
    for number, spectrum in enumerate(spectra):
        angles = [angle(spectrum, spectra[k]) for k in kept if k != number]
        if number in kept:
            assert all(a > limit - 1e-6 for a in angles)
        else:
            assert min(angles) <= limit + 1e-6


@given(SPECTRA)
def test_representativeness_is_that_of_models_made_one_by_one(spectra):
    found = representativeness(spectra, CLASSES, largest_rmse=0.1)
    for i, own in enumerate(CLASSES):
        errors, angles = [], []
        surely, perhaps = {True: 0, False: 0}, {True: 0, False: 0}
        for j, other in enumerate(CLASSES):
            free = spectra[i] @ spectra[j] / (spectra[i] @ spectra[i])
            fraction = np.clip(free, -0.05, 1.05)
            error = np.sqrt(np.mean((spectra[j] - fraction * spectra[i]) ** 2))
            if i != j:
                surely[own == other] += error <= 0.1 - 1e-9 and free <= 1.05 - 1e-9
                perhaps[own == other] += error <= 0.1 + 1e-9 and free <= 1.05 + 1e-9
                if own == other:
                    errors.append(error)
                    angles.append(angle(spectra[i], spectra[j]))
        if errors:
            assert found.ear[i] == pytest.approx(np.mean(errors), abs=1e-7)
            assert found.masa[i] == pytest.approx(np.mean(angles), abs=1e-6)
        else:
            assert np.isnan(found.ear[i])
            assert np.isnan(found.masa[i])
        assert surely[True] <= found.in_cob[i] <= perhaps[True]
        assert surely[False] <= found.out_cob[i] <= perhaps[False]


def test_the_middle_of_a_class_stands_for_it():
    turn = np.array([1.1, 1.2, 1.3, 0.1])
    spectra = 0.5 * np.column_stack([np.cos(turn), np.sin(turn)])
    found = representativeness(spectra, ["a", "a", "a", "b"], largest_rmse=0.05)
    assert np.nanargmin(found.masa) == 1
    assert found.in_cob.tolist()[1] == 2
    assert found.out_cob.sum() == 0


def two_groups(n=8):
    rng = np.random.default_rng(0)
    axis = np.linspace(0, 1, 20)
    rising, falling = 0.2 + 0.6 * axis, 0.8 - 0.6 * axis
    spectra = np.concatenate([np.tile(rising, (n, 1)), np.tile(falling, (n, 1))])
    return spectra + 0.02 * rng.standard_normal(spectra.shape), ["a"] * n + ["b"] * n


def test_iterative_selection_takes_one_of_each_class_if_that_is_enough():
    spectra, classes = two_groups()
    chosen = iterative_selection(spectra, classes)
    assert [classes[i] for i in chosen] == ["a", "b"]


def test_iterative_selection_takes_both_shapes_of_a_class():
    spectra, classes = two_groups()
    axis = np.linspace(0, 1, 20)
    bent = 0.8 - 0.6 * axis + 0.3 * np.sin(np.pi * axis)  # nearer to the other class
    spectra = np.vstack([spectra, bent, 0.9 * bent])
    chosen = iterative_selection(spectra, [*classes, "a", "a"])
    assert len(chosen) == 3
    assert any(i >= 16 for i in chosen)


def test_bands_that_are_not_known_everywhere_are_left_out():
    spectra = np.array([[0.1, np.nan, 0.2], [0.2, 0.9, 0.4], [0.2, 0.1, np.nan]])
    assert prune_by_angle(spectra[:2], 0.01).tolist() == [0]
    with pytest.raises(UnmixError, match="none of 1 bands is known in all 3"):
        prune_by_angle(np.array([[1.0], [np.nan], [1.0]]), 0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: prune_by_angle(np.ones((2, 3)), -1), "must not be negative"),
        (lambda: prune_by_angle(np.ones(3), 0.1), r"Got shape \(3,\)"),
        (lambda: representativeness(np.ones((2, 3)), ["a"]), "1 entry for 2 spectra"),
        (lambda: iterative_selection(np.ones((2, 3)), ["a", "a"]), "at least two classes"),
    ],
)
def test_impossible_requests_are_refused(call, message):
    with pytest.raises(UnmixError, match=message):
        call()
