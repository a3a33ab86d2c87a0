"""The spectra of a bundle, and what they look like in a library, from file to file."""

import json

import numpy as np
import pytest

from scenes import SpectralLibrary
from unmix import UnmixError
from unmix.bundle import name_after
from unmix.bundle.naming import check_names
from unmix.report.references import as_bright_as, read_likenesses

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
AXIS = np.linspace(480, 2400, 40)


@pytest.fixture
def library():
    """Curves of the sensor's range, some of them alike, one with a gap, one with a bell in it."""
    x = (AXIS - 480) / 1920
    curves = [0.1 + 0.5 * x, 0.1 + 0.52 * x, 0.6 - 0.5 * x, 0.3 + 0.2 * np.sin(9 * x), 0 * x + 0.2]
    curves[1][AXIS > 2300] = np.nan
    names = ("clay 1", "clay 2", "tar\x07, \x1bblack", "wave\n3", "grey 5")
    return SpectralLibrary(names, np.stack(curves), AXIS, np.full(40, 10.0))


@pytest.fixture
def run(unmixing_on, library, known_model):
    """A run on 40 bands whose endmembers are three of the library, with other brightness."""
    from dataclasses import replace

    import torch

    run = unmixing_on("north up")
    spectra = 0.7 * library.spectra[[3, 0, 2]]
    model = known_model(torch.from_numpy(spectra.astype(np.float32)))
    model.wavelengths_nm_, model.fwhm_nm_ = AXIS, np.full(40, 10.0)
    return replace(run, model=model)


def test_names_of_a_library_become_fit_for_maps(run, library):
    name_after(run, library)
    assert run.model.endmember_names_ == ["wave", "clay", "tar , black"]
    check_names(run.model.endmember_names_)


@pytest.mark.parametrize("name", ["a\x01b", "a\x00", "line\nbreak", "half \ud800", "\x85", " "])
def test_names_that_maps_cannot_carry_are_refused_before_anything_is_written(
    unmixing_on, tmp_path, name
):
    run = unmixing_on("north up")
    run.model.endmember_names_ = ["soil", name, "water"]
    with pytest.raises(UnmixError, match=r"the name of endmember 2, is empty or has characters"):
        run.save(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_spectra_of_a_bundle_are_those_of_the_model(unmixing_on, tmp_path):
    run = unmixing_on("in degrees")
    out = run.save(tmp_path / "out")
    known = json.loads((out / "endmembers.json").read_text(encoding="utf-8"))
    assert np.array_equal(known["wavelengths_nm"], run.model.wavelengths_nm_)
    assert np.array_equal(known["fwhm_nm"], run.model.fwhm_nm_)
    assert [one["name"] for one in known["endmembers"]] == run.model.endmember_names_
    found = np.array([one["spectrum"] for one in known["endmembers"]], dtype=np.float32)
    assert np.array_equal(found, run.model.endmembers_)
    assert np.array_equal(found, SpectralLibrary.read(out / "endmembers.sli").spectra)
    assert all(one["match"] is None and one["stability"] is None for one in known["endmembers"])
    assert not (out / "matches.sli").exists()
    assert read_likenesses(out, run.model.endmembers_) == []


def test_matches_are_kept_with_their_spectra(run, library, tmp_path):
    from unmix.bundle.spectra import write_spectra

    name_after(run, library)
    write_spectra(run, tmp_path)
    kept = SpectralLibrary.read(tmp_path / "matches.sli")
    assert len(kept) <= len(library)
    likenesses = read_likenesses(tmp_path, run.model.endmembers_)
    for likeness, endmember in zip(likenesses, run.model.endmembers_, strict=True):
        best = likeness.references[0]
        assert best.score < 1e-3
        known = np.isfinite(best.spectrum)
        assert np.allclose(best.spectrum[known], endmember[known], atol=1e-4)  # as bright
        scores = [reference.score for reference in likeness.references]
        assert scores == sorted(scores)
    keys = [r.key for likeness in likenesses for r in likeness.references]
    assert len(keys) == len(set(keys)) == 9
    other = np.ones((3, 39), dtype=np.float32)
    with pytest.raises(UnmixError, match="does not describe the endmembers of the model"):
        read_likenesses(tmp_path, other)


def test_as_bright_as_is_the_best_gain():
    rng = np.random.default_rng(0)
    endmember, spectrum = rng.random(20), rng.random(20)
    found = as_bright_as(endmember, spectrum)
    least = np.linalg.norm(endmember - found)
    for gain in (0.99, 1.01):
        assert np.linalg.norm(endmember - gain * found) > least
    assert not np.any(as_bright_as(endmember, np.zeros(20)))
