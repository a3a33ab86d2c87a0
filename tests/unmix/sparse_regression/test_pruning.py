"""Which members of a library a scene needs."""

import pytest
import torch

from unmix.sparse_regression import nearest_members, needed_members


@pytest.mark.parametrize("seed", range(3))
def test_what_is_needed_is_what_was_planted(planted_scene, seed):
    made = planted_scene(seed)
    near = nearest_members(made.spectra, made.library, 20)
    kept = near[needed_members(made.spectra, made.library[near])]
    assert sorted(kept.tolist()) == made.members


def test_the_members_of_the_scene_are_nearest_to_its_subspace(planted):
    assert sorted(nearest_members(planted.spectra, planted.library, 4).tolist()) == planted.members


def test_of_two_samples_of_one_spectrum_one_is_kept(planted):
    twice = torch.cat([planted.library[planted.members], planted.library[planted.members]])
    kept = needed_members(planted.spectra, twice)
    assert sorted(k % 4 for k in kept.tolist()) == [0, 1, 2, 3]


def test_a_material_of_few_clear_pixels_stays(planted):
    rare = next(k for k in range(30) if k not in planted.members)
    spectra = planted.spectra.clone()
    spectra[:4] = planted.library[rare]
    chosen = [*planted.members, rare]
    kept = needed_members(spectra, planted.library[chosen])
    assert 4 in kept.tolist()
