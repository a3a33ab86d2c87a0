"""The benchmark of accuracy: what it measures is what it says."""

import doctest
import json
import re
import subprocess
import sys
from pathlib import Path

import benchmark_accuracy
import numpy as np
import pytest
import torch
from accuracy import known_scenes, memory, table
from accuracy.known_scenes import BenchmarkError
from accuracy.measuring import Job, run_job
from accuracy.scoring import score
from hypothesis import given
from hypothesis import strategies as st

from scenes import open_scene
from unmix import read_abundances

SCRIPTS = Path(benchmark_accuracy.__file__).parent
TESTED = ("unmix", "vca")
N_SEEDS = 2
N_ENDMEMBERS = 4
SPREAD = re.compile(r"^\d*\.\d{4} ± \d*\.\d{4} \(\d*\.\d{4}\)$")


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """The script run as a user runs it, on a tiny scene: its table and its JSON."""
    path = tmp_path_factory.mktemp("benchmark") / "scores.json"
    script = SCRIPTS / "benchmark_accuracy.py"
    arguments = ["--scenes", "tiny", "--methods", *TESTED, "--seeds", str(N_SEEDS), "--json", path]
    done = subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(path.read_text())


def rows_of(markdown):
    lines = [line.strip("| ").split(" | ") for line in markdown.strip().splitlines()]
    assert set("".join(lines[1])) <= set("-: ")
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


# the command ------------------------------------------------------------------------------------


def test_table_has_a_row_of_numbers_for_each_scene_and_method(printed):
    rows = rows_of(printed[0])
    assert [(row["scene"], row["method"]) for row in rows] == [("tiny", each) for each in TESTED]
    for row in rows:
        spreads = [row["SAD, rad"], *(row[f"RMSE {reading}"] for reading in table.COLUMNS)]
        assert all(SPREAD.match(cell) for cell in spreads)
        assert float(row["fit, s"]) >= 0
        assert float(row["CPU, s"]) >= 0
        assert row["added peak, MB"] == "-" or float(row["added peak, MB"]) >= 0


def test_json_has_every_number_of_every_run(printed):
    found = printed[1]
    assert found["failures"] == []
    assert found["environment"]["n_threads"] == 1
    assert len(found["runs"]) == len(TESTED) * N_SEEDS
    for run in found["runs"]:
        assert (run["n_pixels"], run["n_bands"], run["n_endmembers"]) == (576, 30, 3)
        assert len(run["score"]["sad_each_rad"]) == 3
        assert set(run["score"]["rmse_moc"]) == set(table.COLUMNS)
        assert set(run["score"]["rmse_pooled"]) == set(table.COLUMNS)
        assert set(run["score"]["n_unread"]) == set(table.COLUMNS)
        assert run["fit_s"] > 0
        assert run["cpu_s"] > 0


def test_table_sums_up_the_runs_of_the_json(printed):
    runs = [run for run in printed[1]["runs"] if run["method"] == "unmix"]
    angles = [run["score"]["sad_rad"] for run in runs]
    expected = f"{np.mean(angles):.4f} ± {np.std(angles, ddof=1):.4f} ({max(angles):.4f})"
    assert rows_of(printed[0])[0]["SAD, rad"] == re.sub(r"\b0\.", ".", expected)
    summary = printed[1]["summary"][0]
    assert summary["rmse_pooled"]["peak"]["mean"] == pytest.approx(
        np.mean([run["score"]["rmse_pooled"]["peak"] for run in runs])
    )


def test_native_reading_of_vca_is_fcls_and_of_unmix_its_default(printed):
    for run in printed[1]["runs"]:
        own = {"vca": "fcls", "unmix": "reflectance"}[run["method"]]
        moc = run["score"]["rmse_moc"]
        assert moc["native"] == pytest.approx(moc[own], abs=1e-6)


def test_json_says_what_its_numbers_mean(printed):
    meanings = printed[1]["definitions"]
    assert {*table.COLUMNS, "sad_rad", "rmse_moc", "rmse_pooled", "peak_mb"} <= set(meanings)


def test_scenes_without_data_are_skipped_with_a_note(tmp_path, capsys):
    assert benchmark_accuracy.main(["--data", str(tmp_path), "--scenes", "samson", "dc1@30"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "scene samson is skipped" in captured.err
    assert "scene dc1@30 is skipped" in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scenes", "cuprite"], "there is no scene 'cuprite'"),
        (["--scenes", "dc1@loud"], "there is no scene 'dc1@loud'"),
        (["--scenes", "dc1"], "signal-to-noise ratio"),
        (["--methods", "magic"], "invalid choice"),
        (["--seeds", "0"], "at least 1. Got '0'"),
        (["--json", "nowhere/at/all.json"], "is not a folder"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_runs(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        benchmark_accuracy.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_process_that_fails_is_an_error():
    job = Job("tiny", "no such method", n_seeds=1, n_threads=1, data=Path())
    with pytest.raises(BenchmarkError, match="no such method on tiny failed at seed 0"):
        list(run_job(job))


@pytest.mark.parametrize("module", [known_scenes, table])
def test_examples_are_true(module):
    assert doctest.testmod(module).failed == 0


# scores -----------------------------------------------------------------------------------------


@given(order=st.permutations(range(N_ENDMEMBERS)), scale=st.floats(0.01, 100))
def test_score_of_the_truth_is_zero_in_any_order_and_scale(truth, order, scale):
    found = score(scale * truth.endmembers[order], {"own": truth.abundances[:, list(order)]}, truth)
    assert found.sad_rad == pytest.approx(0, abs=1e-12)
    assert found.rmse_moc["own"] == 0
    assert found.rmse_pooled["own"] == 0


@given(order=st.permutations(range(N_ENDMEMBERS)), seed=st.integers(0, 99))
def test_score_does_not_depend_on_the_order_of_an_answer(truth, order, seed):
    generator = torch.Generator().manual_seed(seed)
    endmembers = torch.rand(truth.endmembers.shape, generator=generator).double()
    abundances = torch.rand(truth.abundances.shape, generator=generator).double()
    one = score(endmembers, {"own": abundances}, truth)
    other = score(endmembers[order], {"own": abundances[:, list(order)]}, truth)
    assert one == other


def test_abundances_follow_the_endmembers_even_where_another_order_fits_them_better(truth):
    swapped = truth.abundances[:, [1, 0, 2, 3]]
    found = score(truth.endmembers, {"own": swapped}, truth)
    error = (truth.abundances[:, 0] - truth.abundances[:, 1]).square().mean().sqrt()
    assert found.sad_rad == pytest.approx(0, abs=1e-12)
    assert found.rmse_moc["own"] == pytest.approx(float(2 * error / N_ENDMEMBERS))


def test_moc_averages_endmembers_and_pooled_averages_entries(truth):
    off = truth.abundances + torch.tensor([0.0, 0.1, 0.0, 0.3])
    found = score(truth.endmembers, {"own": off}, truth)
    assert found.rmse_moc["own"] == pytest.approx((0.1 + 0.3) / 4)
    assert found.rmse_pooled["own"] == pytest.approx(np.sqrt((0.01 + 0.09) / 4))


@given(seed=st.integers(0, 999))
def test_pooled_is_never_less_than_moc(truth, seed):
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(truth.abundances.shape, generator=generator)
    found = score(truth.endmembers, {"own": truth.abundances + noise}, truth)
    assert found.rmse_pooled["own"] >= found.rmse_moc["own"] - 1e-12


def test_a_pixel_without_an_answer_counts_as_zeros(truth):
    silent, zero = truth.abundances.clone(), truth.abundances.clone()
    silent[7], zero[7] = torch.nan, 0.0
    found = score(truth.endmembers, {"silent": silent, "zero": zero}, truth)
    assert found.n_unread == {"silent": 1, "zero": 0}
    assert found.rmse_moc["silent"] == found.rmse_moc["zero"] > 0


def test_spread_of_one_seed_has_no_deviation():
    assert str(table.Spread.of([0.5])) == ".5000"
    assert table.Spread.of([0.5]).sd is None
    assert str(table.Spread.of([1.0, 3.0])) == "2.0000 ± 1.4142 (3.0000)"


# scenes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("snr_db", [10.0, 40.0])
def test_noise_has_the_ratio_that_was_asked_for(truth, snr_db):
    endmembers = truth.endmembers.numpy()
    abundances = truth.abundances.numpy().T.reshape(N_ENDMEMBERS, 20, 15)
    scene = known_scenes.noisy_scene(endmembers, abundances, snr_db, seed=1)
    clean = scene.abundances @ scene.endmembers
    noise = scene.spectra.double() - clean
    measured = 10 * torch.log10(clean.square().mean() / noise.square().mean())
    assert float(measured) == pytest.approx(snr_db, abs=0.3)


def test_simulated_scene_is_its_truth_up_to_light_and_noise(tmp_path):
    scene = known_scenes.load_scene("tiny", 5, tmp_path)
    assert torch.allclose(scene.abundances.sum(dim=1), torch.tensor(1.0).double(), atol=1e-5)
    fractions = read_abundances(scene.spectra, scene.endmembers, "reflectance").fractions
    found = score(scene.endmembers, {"reflectance": fractions}, scene)
    assert found.rmse_moc["reflectance"] < 0.03
    again = known_scenes.load_scene("tiny", 5, tmp_path)
    assert torch.equal(scene.spectra, again.spectra)
    assert not torch.equal(scene.spectra, known_scenes.load_scene("tiny", 6, tmp_path).spectra)


@pytest.mark.parametrize(("name", "limit"), [("samson", 0.003), ("jasper_ridge", 0.006)])
def test_real_scene_and_its_reference_lie_pixel_on_pixel(shared_data, name, limit):
    scene = known_scenes.load_scene(name, 0, shared_data)
    peak = read_abundances(scene.spectra, scene.endmembers, "peak").fractions
    assert score(scene.endmembers, {"peak": peak}, scene).rmse_pooled["peak"] < limit


def test_noisy_scene_is_the_file_that_comes_with_the_data(shared_data, tmp_path):
    path = tmp_path / "noisy.bsq"
    script = shared_data / "scenes" / "dc1" / "make_noisy.py"
    subprocess.run([sys.executable, script, path, "30", "4"], check=True)
    ours = known_scenes.load_scene("dc1@30", 4, shared_data)
    assert torch.equal(open_scene(path).spectra(), ours.spectra)


# memory -----------------------------------------------------------------------------------------


@pytest.mark.skipif(not memory.CLEAR_REFS.exists(), reason="only Linux can restart the peak")
def test_peak_memory_sees_what_came_and_went_and_can_start_anew():
    before = memory.restart_peak()
    passing = np.ones(8_000_000)
    del passing
    assert 60e6 < memory.peak_memory() - before < 90e6
    assert memory.restart_peak() < before + 30e6
