"""A fitted model as a folder."""

import copy
import json
import os
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from unmix import FitSettings, OutputError, Unmixer

ATTRIBUTES = (
    "known_",
    "endmembers_",
    "n_members_",
    "mean_fractions_",
    "endmember_samples_",
    "residuals_",
    "start_losses_",
    "wavelengths_nm_",
    "fwhm_nm_",
    "endmember_names_",
    "n_endmembers_",
    "n_endmembers_reason_",
    "seed_",
    "loss_",
    "brightness_spread_",
    "noise_",
    "source_",
    "unit_",
    "n_features_in_",
)


@pytest.fixture(scope="module")
def model(noisy_mixture, scene_of, quick):
    model = Unmixer(4, reading="fcls", settings=quick, max_pixels=800, random_state=7)
    model.fit(scene_of(noisy_mixture.spectra))
    model.endmember_names_ = ["water", "Wüstensand", "endmember 3", "日本"]
    return model


@pytest.fixture
def folder(model, tmp_path):
    model.save(tmp_path / "out" / "model")
    return tmp_path / "out" / "model"


def described(folder):
    return json.loads((folder / "model.json").read_text(encoding="utf-8"))


def describe(folder, **changes):
    (folder / "model.json").write_text(json.dumps({**described(folder), **changes}))


# What is kept


def test_a_loaded_model_transforms_bit_for_bit_as_the_saved_one(model, folder, noisy_mixture):
    loaded = Unmixer.load(folder)
    spectra = noisy_mixture.spectra
    assert torch.equal(loaded.transform(spectra), model.transform(spectra))
    assert torch.equal(
        loaded.read(spectra, "peak").fractions, model.read(spectra, "peak").fractions
    )
    assert torch.equal(loaded.uncertainty(spectra), model.uncertainty(spectra))
    assert np.array_equal(loaded.stability_, model.stability_)
    unit = torch.nn.functional.normalize(spectra, dim=1)
    for ours, theirs in zip(loaded.autoencoder_(unit), model.autoencoder_(unit), strict=True):
        assert torch.equal(ours, theirs)


def test_a_loaded_model_has_every_attribute_of_the_saved_one(model, folder):
    loaded = Unmixer.load(folder)
    for name in ATTRIBUTES:
        ours, theirs = getattr(loaded, name), getattr(model, name)
        assert type(ours) is type(theirs), name
        if isinstance(ours, np.ndarray):
            assert ours.dtype == theirs.dtype, name
            assert np.array_equal(ours, theirs), name
        else:
            assert ours == theirs, name
    learned = {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}
    assert learned == {*ATTRIBUTES, "autoencoder_"}, "an attribute is saved by nobody"
    assert loaded.get_params() == model.get_params()


def test_a_model_without_settings_loads_with_the_defaults(noisy_mixture, quick, tmp_path):
    model = Unmixer(4, settings=quick).fit(noisy_mixture.spectra)
    model.settings = None
    model.save(tmp_path)
    assert Unmixer.load(tmp_path).settings in (None, FitSettings())


def test_a_model_without_wavelengths_has_none_after_loading(noisy_mixture, quick, tmp_path):
    Unmixer(4, settings=quick).fit(noisy_mixture.spectra).save(tmp_path)
    loaded = Unmixer.load(tmp_path)
    assert loaded.wavelengths_nm_ is loaded.fwhm_nm_ is None
    assert loaded.source_ == {}


def test_a_loaded_model_can_be_saved_again_without_a_change(folder, tmp_path):
    Unmixer.load(folder).save(tmp_path / "again")
    for name in ("model.json", "model.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_a_loaded_model_can_be_fitted_again(model, folder, noisy_mixture, scene_of):
    loaded = Unmixer.load(folder).fit(scene_of(noisy_mixture.spectra))
    assert np.array_equal(loaded.endmembers_, model.endmembers_)


@pytest.mark.parametrize("name", ["n_endmembers", "max_pixels", "random_state"])
def test_numpy_integers_as_parameters_are_saved(noisy_mixture, quick, tmp_path, name):
    model = Unmixer(4, settings=quick, max_pixels=800)
    model.set_params(**{name: np.int64(getattr(model, name))}).fit(noisy_mixture.spectra)
    model.save(tmp_path)
    assert getattr(Unmixer.load(tmp_path), name) == getattr(model, name)


def test_the_description_can_be_read_by_people(folder):
    text = described(folder)
    assert text["format"] == "unmix model"
    assert text["format_version"] == 2
    assert text["endmember_names"] == ["water", "Wüstensand", "endmember 3", "日本"]
    assert text["parameters"]["n_endmembers"] == 4
    assert text["n_bands"] == 50
    assert text["unit"] == "radiance"
    assert text["source"] == {"scene": "fläche 7"}
    assert "\n  " in (folder / "model.json").read_text()


def test_a_model_is_two_files_without_pickles(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.safetensors"]
    tensors = load_file(folder / "model.safetensors")
    names = {"endmembers", "n_members", "mean_fractions", "endmember_samples", "start_losses"}
    assert set(tensors) == {*names, "wavelengths_nm", "fwhm_nm"}


def test_a_model_without_refits_is_kept_without(noisy_mixture, quick, tmp_path):
    model = Unmixer(4, n_refits=0, settings=quick).fit(noisy_mixture.spectra)
    model.save(tmp_path)
    loaded = Unmixer.load(tmp_path)
    assert loaded.n_refits == 0
    assert loaded.endmember_samples_.shape == (0, 4, 50)
    assert np.isnan(loaded.stability_).all()
    expected = model.uncertainty(noisy_mixture.spectra)
    assert torch.equal(loaded.uncertainty(noisy_mixture.spectra), expected)


def test_saving_over_an_old_model_replaces_it_only_when_asked(model, folder):
    describe(folder, loss=99.0)
    with pytest.raises(OutputError, match=r"already exists and is not empty.*`overwrite=True`\.$"):
        model.save(folder)
    assert Unmixer.load(folder).loss_ == 99.0
    model.save(folder, overwrite=True)
    assert Unmixer.load(folder).loss_ == model.loss_


def test_a_model_overwrites_nothing_but_a_model(model, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match=r"does not hold a model \(model\.json is missing\)"):
        model.save(tmp_path, overwrite=True)
    with pytest.raises(OutputError, match=r"thesis\.tex is a file\. Name a folder"):
        model.save(tmp_path / "thesis.tex", overwrite=True)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [
        ("thesis.tex", "years of work")
    ]


@pytest.mark.skipif(os.name == "nt", reason="permissions of files work otherwise there")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_files_of_a_model_obey_the_umask(model, tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        model.save(tmp_path / "m")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "m").iterdir()} == {mode}


def test_a_number_that_was_chosen_is_kept_with_its_reason(model, tmp_path):
    """And a loaded model asks for that number, where it is fitted again."""
    chosen = copy.copy(model)
    chosen.n_endmembers, chosen.n_endmembers_reason_ = "auto", "as many as are distinct"
    chosen.save(tmp_path)
    loaded = Unmixer.load(tmp_path)
    assert described(tmp_path)["parameters"]["n_endmembers"] == loaded.n_endmembers == 4
    assert (loaded.n_endmembers_, loaded.n_endmembers_reason_) == (4, "as many as are distinct")
    assert chosen.n_endmembers == "auto"


def test_a_path_may_be_a_string(model, tmp_path):
    model.save(str(tmp_path / "m"))
    assert Unmixer.load(str(tmp_path / "m")).n_endmembers == 4


def test_a_folder_that_cannot_be_made_is_named(model, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"^The model cannot be written to .*file.*\.$"):
        model.save(tmp_path / "file" / "model")


def test_tensors_that_cannot_be_written_are_an_output_error(model, tmp_path):
    (tmp_path / "model.safetensors").mkdir()
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(OutputError, match=r"^The model cannot be written to "):
        model.save(tmp_path, overwrite=True)


def test_a_copy_of_the_folder_is_the_model(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    shutil.rmtree(folder)
    assert Unmixer.load(tmp_path / "copy").endmembers_.shape == (4, 50)
