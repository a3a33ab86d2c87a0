"""The benchmark of accuracy: what it measures is what it says."""

import dataclasses
import doctest
import json
import mmap
import re
import subprocess
import sys
from pathlib import Path

import benchmark_accuracy
import numpy as np
import pytest
import torch
from accuracy import known_scenes, memory, planting, table
from accuracy.known_scenes import BenchmarkError
from accuracy.measuring import Job, run_job
from accuracy.scoring import score
from hypothesis import given
from hypothesis import strategies as st

from scenes import open_scene
from unmix import read_abundances
from unmix.metrics import spectral_angle

SCRIPTS = Path(benchmark_accuracy.__file__).parent
TESTED = ("unmix", "vca")
SCENES = ("tiny", "tiny+15px")
N_SEEDS = 2
N_ENDMEMBERS = 4
SPREAD = re.compile(r"^\d*\.\d{4} ± \d*\.\d{4} \(\d*\.\d{4}\)$")


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """The script run as a user runs it, on a tiny scene: its table and its JSON."""
    path = tmp_path_factory.mktemp("benchmark") / "scores.json"
    script = SCRIPTS / "benchmark_accuracy.py"
    arguments = ["--scenes", *SCENES, "--methods", *TESTED, "--seeds", str(N_SEEDS), "--json", path]
    done = subprocess.run(
        [sys.executable, script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(path.read_text())


@pytest.fixture(scope="module")
def table_rows(printed, rows_of):
    """Rows of the table as dictionaries."""
    titles, rows = rows_of(printed[0])
    return [dict(zip(titles, row, strict=True)) for row in rows]


# the command ------------------------------------------------------------------------------------


def test_table_has_a_row_of_numbers_for_each_scene_and_method(table_rows):
    pairs = [(scene, method) for scene in SCENES for method in TESTED]
    assert [(row["scene"], row["method"]) for row in table_rows] == pairs
    for row in table_rows:
        spreads = [row["SAD, rad"], *(row[f"RMSE {reading}"] for reading in table.COLUMNS)]
        assert all(SPREAD.match(cell) for cell in spreads)
        assert float(row["fit, s"]) >= 0
        assert float(row["CPU, s"]) >= 0
        assert row["added peak, MB"] == "-" or float(row["added peak, MB"]) >= 0


def test_json_has_every_number_of_every_run(printed):
    found = printed[1]
    assert found["failures"] == []
    assert found["environment"]["n_threads"] == 1
    assert len(found["runs"]) == len(SCENES) * len(TESTED) * N_SEEDS
    for run in found["runs"]:
        n_endmembers = 3 + ("+" in run["scene"])
        assert (run["n_pixels"], run["n_bands"], run["n_endmembers"]) == (576, 30, n_endmembers)
        assert len(run["score"]["sad_each_rad"]) == n_endmembers
        assert set(run["score"]["rmse_moc"]) == set(table.COLUMNS)
        assert set(run["score"]["rmse_pooled"]) == set(table.COLUMNS)
        assert set(run["score"]["n_unread"]) == set(table.COLUMNS)
        assert run["fit_s"] > 0
        assert run["cpu_s"] > 0


def test_table_sums_up_the_runs_of_the_json(printed, table_rows):
    runs = [run for run in printed[1]["runs"] if (run["scene"], run["method"]) == ("tiny", "unmix")]
    angles = [run["score"]["sad_rad"] for run in runs]
    expected = f"{np.mean(angles):.4f} ± {np.std(angles, ddof=1):.4f} ({max(angles):.4f})"
    assert table_rows[0]["SAD, rad"] == re.sub(r"\b0\.", ".", expected)
    summary = printed[1]["summary"][0]
    assert summary["rmse_pooled"]["peak"]["mean"] == pytest.approx(
        np.mean([run["score"]["rmse_pooled"]["peak"] for run in runs])
    )


def test_table_counts_the_seeds_that_found_the_planted_material(printed, table_rows):
    for row in table_rows:
        runs = [
            r for r in printed[1]["runs"] if (r["scene"], r["method"]) == tuple(row.values())[:2]
        ]
        found = [run["score"]["found"] for run in runs]
        planted = "+" in row["scene"]
        assert found == [None] * N_SEEDS if not planted else None not in found
        assert row["rare found"] == (f"{sum(found)}/{N_SEEDS}" if planted else "-")


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
        (["--scenes", "samson+3"], "there is no scene 'samson+3'"),
        (["--scenes", "dc1@30+15px"], "there is no scene 'dc1@30+15px'"),
        (["--scenes", "tiny+0px"], "there is no scene 'tiny+0px'"),
        (["--sweep", "--scenes", "tiny"], "--sweep has scenes of its own"),
        (["--seeds", "0"], "at least 1. Got '0'"),
        (["--json", "nowhere/at/all.json"], "is not a folder"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_runs(arguments, message, complaint_about):
    assert message in complaint_about(benchmark_accuracy.main, arguments)


def test_a_process_that_fails_is_an_error():
    job = Job("tiny", "no such method", n_seeds=1, n_threads=1, data=Path())
    with pytest.raises(BenchmarkError, match="no such method on tiny failed at seed 0"):
        list(run_job(job))


@pytest.mark.parametrize("module", [known_scenes, planting, table])
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


@pytest.mark.parametrize(
    ("off_planted", "off_others", "found"),
    [(0.0, 0.0, True), (0.04, 0.03, True), (0.06, 0.0, False), (0.0, 0.05, False)],
)
def test_a_planted_material_is_found_if_it_and_the_others_are_near(
    truth, off_planted, off_others, found
):
    """Turns the true endmembers by given angles, away from the origin of all of them."""
    off = torch.tensor([off_others] * (N_ENDMEMBERS - 1) + [off_planted]).double()[:, None]
    unit = torch.nn.functional.normalize(truth.endmembers, dim=1)
    aside = torch.rand(unit.shape, generator=torch.Generator().manual_seed(0)).double()
    aside = torch.nn.functional.normalize(aside - (aside * unit).sum(1, keepdim=True) * unit, dim=1)
    turned = off.cos() * unit + off.sin() * aside
    assert score(turned, {}, dataclasses.replace(truth, n_planted=1)).found is found
    assert score(turned, {}, truth).found is None


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
    fractions = read_abundances(scene.spectra, scene.endmembers, "nnls").fractions
    found = score(scene.endmembers, {"nnls": fractions}, scene)
    assert found.rmse_moc["nnls"] < 0.03
    again = known_scenes.load_scene("tiny", 5, tmp_path)
    assert torch.equal(scene.spectra, again.spectra)
    assert not torch.equal(scene.spectra, known_scenes.load_scene("tiny", 6, tmp_path).spectra)


@pytest.mark.parametrize(("amount", "n_pixels"), [("15px", 15), ("2%", 11)])
def test_planted_scene_is_the_scene_but_for_the_planted_pixels(tmp_path, amount, n_pixels):
    plain, planted = (known_scenes.load_scene(f"tiny{a}", 3, tmp_path) for a in ("", f"+{amount}"))
    rare = planted.abundances[:, -1] == 1
    assert int(rare.sum()) == n_pixels
    assert torch.equal(planted.spectra[~rare], plain.spectra[~rare])
    assert torch.equal(planted.abundances[~rare, :-1], plain.abundances[~rare])
    assert not planted.abundances[rare, :-1].any()
    assert torch.equal(planted.endmembers[:-1], plain.endmembers)
    angles = spectral_angle(
        planted.spectra[rare].double(), planted.endmembers[-1].expand(n_pixels, -1)
    )
    assert angles.max() < 0.03
    own = plain.endmembers.numpy()
    assert planting.angle_to_cone(planted.endmembers[-1].numpy(), own) > 0.1
    other = known_scenes.load_scene(f"tiny+{amount}", 4, tmp_path)
    assert not torch.allclose(other.endmembers[-1], planted.endmembers[-1])


@given(seed=st.integers(0, 999))
def test_angle_to_cone_is_zero_for_mixtures_alone(seed):
    rng = np.random.default_rng(seed)
    endmembers = rng.uniform(0.1, 0.9, (3, 8))
    assert planting.angle_to_cone(rng.random(3) @ endmembers, endmembers) < 1e-7
    outside = np.eye(8)[0]
    angle = planting.angle_to_cone(outside, endmembers)
    nearest = min(np.arccos(outside @ e / np.linalg.norm(e)) for e in endmembers)
    assert 0 < angle <= nearest + 1e-12


def test_a_library_of_mixtures_has_nothing_to_plant(truth):
    own = truth.endmembers.numpy()
    with pytest.raises(ValueError, match=r"within 0\.1 rad"):
        planting.plant(truth.spectra.double().numpy(), own, own[:2] + own[1:3], 5, seed=0)


@pytest.mark.parametrize("name", ["samson", "jasper_ridge"])
def test_minerals_can_be_planted_into_real_scenes(shared_data, name):
    scene = known_scenes.load_scene(f"{name}+15px", 0, shared_data)
    assert scene.n_planted == 1
    assert int((scene.abundances[:, -1] == 1).sum()) == 15


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
    with mmap.mmap(-1, 64_000_000) as passing:  # not from what the process may hold already
        for page in range(0, len(passing), mmap.PAGESIZE):
            passing[page] = 1
    assert 60e6 < memory.peak_memory() - before < 90e6
    assert memory.restart_peak() < before + 30e6
