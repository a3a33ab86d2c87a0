"""A fitted model as a folder."""

import copy
import json
import os
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from unmix import FitSettings, ModelFileError, OutputError, Unmixer

ATTRIBUTES = (
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


def retensor(folder, **changes):
    tensors = {**load_file(folder / "model.safetensors"), **changes}
    tensors = {name: t for name, t in tensors.items() if t is not None}
    save_file(tensors, folder / "model.safetensors")


def assert_refused(folder, what=""):
    """One clear sentence or two, that names the place."""
    with pytest.raises(ModelFileError, match=what) as caught:
        Unmixer.load(folder)
    message = str(caught.value)
    assert str(folder) in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 400 + len(str(folder))


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


def test_a_number_left_open_is_refused_in_a_file(folder):
    describe(folder, parameters={**described(folder)["parameters"], "n_endmembers": "auto"})
    assert_refused(folder, "damaged or of another version .*auto")


def test_a_path_may_be_a_string(model, tmp_path):
    model.save(str(tmp_path / "m"))
    assert Unmixer.load(str(tmp_path / "m")).n_endmembers == 4


# What is refused


def test_a_missing_folder_is_named(tmp_path):
    assert_refused(tmp_path / "nowhere", r"^There is no model in .*model\.json is missing\. Give")


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    assert_refused(folder, rf"{name} is missing\.")


@pytest.mark.parametrize("share", [0, 0.01, 0.1, 0.5, 0.999])
@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_a_truncated_file_is_refused(folder, name, share):
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(share * (len(data) - 2))])
    assert_refused(folder, rf"{name} (is not a whole safetensors file|cannot be read as JSON)")


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
def test_garbage_is_refused(folder, name):
    (folder / name).write_bytes(b"\xff\xfe\x00\x80" * 100)
    assert_refused(folder, name)


def test_json_nested_without_end_is_refused(folder):
    (folder / "model.json").write_text("[" * 100_000)
    assert_refused(folder, "cannot be read as JSON")


@pytest.mark.parametrize("text", ["[]", "3", "null", '"unmix model"', "{}", '{"format": "other"}'])
def test_json_of_something_else_is_refused(folder, text):
    (folder / "model.json").write_text(text)
    assert_refused(folder, r"does not describe a model of unmix\.")


@pytest.mark.parametrize("version", [0, 1, 3, "2", None])
def test_another_format_version_is_refused_with_the_cure(folder, version):
    describe(folder, format_version=version)
    assert_refused(folder, rf"format version {version!r}; this unmix reads version 2\. Install")


@pytest.mark.parametrize(
    "key",
    [
        "parameters",
        "settings",
        "seed",
        "loss",
        "brightness_spread",
        "noise",
        "residuals",
        "n_bands",
        "endmember_names",
        "source",
        "unit",
    ],
)
def test_a_missing_key_is_named(folder, key):
    text = described(folder)
    del text[key]
    (folder / "model.json").write_text(json.dumps(text))
    assert_refused(folder, rf"damaged or of another version \('{key}' is missing\)")


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": []},
        {"parameters": {}},
        {"settings": []},
        {"settings": {"bogus": 1}},
        {"settings": {"n_points": 0}},
        {"settings": {"n_points": "many"}},
        {"seed": "a"},
        {"loss": None},
        {"brightness_spread": -0.1},
        {"brightness_spread": "wide"},
        {"brightness_spread": 1e308},
        {"noise": 1e-300},
        {"loss": float("nan")},
        {"noise": float("nan")},
        {"noise": float("inf")},
        {"residuals": {}},
        {"residuals": 3},
        {"residuals": {"level": -1.0, "n_dimensions": 3.0}},
        {"residuals": {"level": 1.0, "n_dimensions": 0.0}},
        {"residuals": {"level": 1.0, "n_dimensions": 0.5}},
        {"residuals": {"level": 1.0, "n_dimensions": float("nan")}},
        {"n_bands": 7},
        {"n_bands": float("inf")},
        {"endmember_names": None},
        {"endmember_names": ["one"]},
        {"endmember_names": ["a", "b", "c", "d", "e"]},
        {"endmember_names": "abcd"},
        {"source": 3},
    ],
    ids=str,
)
def test_values_that_make_no_sense_are_refused(folder, changes):
    describe(folder, **changes)
    assert_refused(folder, "damaged")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reading", "sum"),
        ("reading", None),
        ("n_endmembers", 9),
        ("max_pixels", "many"),
        ("n_refits", -1),
    ],
)
def test_parameters_that_make_no_sense_are_refused(folder, name, value):
    describe(folder, parameters={**described(folder)["parameters"], name: value})
    assert_refused(folder, "damaged")


@pytest.mark.parametrize(
    "name", ["endmembers", "n_members", "start_losses", "mean_fractions", "endmember_samples"]
)
def test_a_missing_tensor_is_named(folder, name):
    retensor(folder, **{name: None})
    assert_refused(folder, name)


@pytest.mark.parametrize(
    "changes",
    [
        {"endmembers": torch.full((4, 50), torch.nan)},
        {"endmembers": torch.full((4, 50), torch.inf)},
        {"endmembers": torch.ones(4, 50, dtype=torch.float64)},
        {"endmembers": torch.ones(4, 50, dtype=torch.int32)},
        {"endmembers": torch.ones(4, 49)},
        {"endmembers": torch.ones(3, 50)},
        {"endmembers": torch.ones(1, 50)},
        {"endmembers": torch.ones(200)},
        {"endmembers": torch.ones(0, 50)},
        {"n_members": torch.full((4,), -1)},
        {"n_members": torch.ones(3, dtype=torch.int64)},
        {"n_members": torch.tensor(4)},
        {"start_losses": torch.tensor(1.0)},
        {"mean_fractions": torch.ones(3, dtype=torch.float64)},
        {"mean_fractions": torch.full((4,), -0.25, dtype=torch.float64)},
        {"endmember_samples": torch.ones(4, 50)},
        {"endmember_samples": torch.ones(3, 4, 49)},
        {"endmember_samples": torch.full((3, 4, 50), torch.nan)},
        {"wavelengths_nm": torch.ones(49, dtype=torch.float64)},
        {"wavelengths_nm": torch.tensor(500.0)},
        {"wavelengths_nm": torch.ones(50, 2)},
        {"wavelengths_nm": torch.full((50,), torch.nan)},
        {"fwhm_nm": torch.ones(51, dtype=torch.float64)},
    ],
    ids=lambda changes: "-".join(f"{k} {tuple(t.shape)} {t.dtype}" for k, t in changes.items()),
)
def test_tensors_that_do_not_fit_are_refused(folder, changes):
    retensor(folder, **changes)
    assert_refused(folder, "damaged")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda e: torch.cat([e[:3], 0 * e[3:]]), r"Endmember 4 is nowhere above zero"),
        (lambda e: 0 * e, r"Endmembers 1, 2, 3, 4 are nowhere above zero"),
        (lambda e: e[[0, 1, 2, 1]], r"Of the 4 endmembers, 2 and 4 are the same spectrum"),
        (lambda e: torch.cat([e[:3], 2 * e[:1]]), r"1 and 4 are the same spectrum"),
        (lambda e: torch.cat([e[:3], -e[3:]]), r"endmembers go down to -"),
    ],
)
def test_endmembers_that_cannot_be_read_are_refused(folder, change, what):
    endmembers = load_file(folder / "model.safetensors")["endmembers"]
    retensor(folder, endmembers=change(endmembers).contiguous())
    assert_refused(folder, f"damaged or of another version .*{what}")


def test_every_damage_is_a_model_file_error_of_the_operating_system_too(tmp_path):
    with pytest.raises(OSError, match="There is no model"):
        Unmixer.load(tmp_path)


def test_a_pickle_in_the_place_of_the_tensors_is_not_run(folder, tmp_path):
    """What a stranger's file could do, were it unpickled."""
    torch.save({"endmembers": _Bomb(tmp_path / "exploded")}, folder / "model.safetensors")
    assert_refused(folder, "not a whole safetensors file")
    assert not (tmp_path / "exploded").exists()


class _Bomb:
    def __init__(self, path):
        self._path = path

    def __reduce__(self):
        return os.mkdir, (str(self._path),)


# What cannot be written


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
