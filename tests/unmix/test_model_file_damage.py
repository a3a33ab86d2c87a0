"""Damaged models: one clear sentence, and nothing of them is run."""

import json
import os

import pytest
import torch
from safetensors.torch import load_file, save_file

from unmix import ModelFileError, Unmixer


@pytest.fixture(scope="module")
def model(noisy_mixture, scene_of, quick):
    model = Unmixer(4, settings=quick, max_pixels=800, random_state=7)
    return model.fit(scene_of(noisy_mixture.spectra))


@pytest.fixture
def folder(model, tmp_path):
    model.save(tmp_path / "model")
    return tmp_path / "model"


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


def test_a_number_left_open_is_refused_in_a_file(folder):
    describe(folder, parameters={**described(folder)["parameters"], "n_endmembers": "auto"})
    assert_refused(folder, "damaged or of another version .*auto")
