"""Networks go to a folder and come back; damaged folders are refused."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from unmix.errors import ModelFileError, OutputError
from unmix.networks import MEMBERS, NetworkUnmixer
from unmix.unmixer import Unmixer


@pytest.mark.parametrize("member", MEMBERS)
def test_a_loaded_network_answers_as_it_did(patchy, fitted_network, tmp_path, member):
    model = fitted_network(member)
    model.save(tmp_path / "model")
    loaded = NetworkUnmixer.load(tmp_path / "model")
    assert loaded.network_.settings == model.network_.settings
    assert loaded.endmember_names_ == model.endmember_names_
    first, second = model.read(patchy[0]), loaded.read(patchy[0])
    assert torch.equal(first.codes, second.codes)
    assert torch.equal(first.reconstruction, second.reconstruction)
    assert first.deviation is None or torch.equal(first.deviation, second.deviation)
    loaded.save(tmp_path / "again")
    for name in ("model.json", "model.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "model" / name).read_bytes()


@pytest.fixture
def saved(fitted_network, tmp_path):
    fitted_network("variational").save(tmp_path / "model")
    return tmp_path / "model"


def edited(folder, **changes):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"format_version": 99},
        {"format": "something"},
        {"sizes": {}},
        {"sizes": {"n_codes": 10**9, "n_bands": 100, "rank": 5, "n_side": 0, "n_candidates": 0}},
        {"sizes": {"n_codes": 4, "n_bands": 100, "rank": 5, "n_side": 0, "n_candidates": 0}},
        {"settings": {"encoder": "mlp"}},
        {"noise": -1.0},
        {"noise": "loud"},
        {"n_dead": True},
        {"endmember_names": ["one"]},
        {"mean_codes": None},
        {"slack": {}},
    ],
)
def test_a_damaged_description_is_refused(saved, changes):
    edited(saved, **changes)
    with pytest.raises(ModelFileError):
        NetworkUnmixer.load(saved)


@pytest.mark.parametrize("name", ["basis", "decoder.weights", "encoder.head.bias"])
def test_damaged_numbers_are_refused(saved, name):
    arrays = load_file(saved / "model.safetensors")
    for wrong in (arrays[name][:-1], arrays[name] * np.nan, arrays[name].astype(np.float64)):
        save_file({**arrays, name: np.ascontiguousarray(wrong)}, saved / "model.safetensors")
        with pytest.raises(ModelFileError, match=name):
            NetworkUnmixer.load(saved)


def test_a_folder_that_holds_something_else_is_refused(saved, tmp_path, fitted_network, default):
    with pytest.raises(ModelFileError, match="no network in"):
        NetworkUnmixer.load(tmp_path / "nowhere")
    default.save(tmp_path / "default")
    with pytest.raises(ModelFileError, match="does not describe a network"):
        NetworkUnmixer.load(tmp_path / "default")
    with pytest.raises(ModelFileError, match="does not describe a model"):
        Unmixer.load(saved)
    with pytest.raises(OutputError, match="overwrite=True"):
        fitted_network("sparse").save(saved)
    fitted_network("sparse").save(saved, overwrite=True)
    assert NetworkUnmixer.load(saved).network_.settings.code == "topk"
    (saved / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelFileError, match="cannot be read"):
        NetworkUnmixer.load(saved)
