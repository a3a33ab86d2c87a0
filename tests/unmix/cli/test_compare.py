import json

import numpy as np
import pytest
import rasterio

from unmix import FitSettings, Unmixer, unmix_scene


@pytest.fixture(scope="session")
def two_runs(small_scene, tmp_path_factory):
    """Two runs of one scene with other seeds, the second with its endmembers in another order."""
    folder = tmp_path_factory.mktemp("runs")
    quick = FitSettings(n_starts=2, n_steps=300, n_points=150)
    runs = []
    for seed in (0, 1):
        model = Unmixer(3, settings=quick, n_refits=0, random_state=seed)
        result = unmix_scene(small_scene, model)
        if seed == 1:
            model.endmembers_ = model.endmembers_[[2, 0, 1]]
            model.n_members_ = model.n_members_[[2, 0, 1]]
            model.endmember_names_ = ["C", "A", "B"]
        runs.append(result.save(folder / str(seed)))
    return runs


def compared(unmix_command, *arguments):
    result = unmix_command("compare", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def maps_of(folder):
    with rasterio.open(folder / "abundances.tif") as dataset:
        return dataset.read(masked=True).filled(np.nan), dataset.profile


def written(path, maps, profile):
    profile = {**profile, "driver": "GTiff", "count": len(maps), "height": maps.shape[1],
               "width": maps.shape[2]}  # fmt: skip
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(np.nan_to_num(maps, nan=-9999).astype("float32"))
    return path


def test_compare_finds_the_same_materials_in_another_order(two_runs, unmix_command):
    said = compared(unmix_command, *two_runs)
    pairs = {pair["out"]: pair["reference"] for pair in said["endmembers"]}
    assert pairs == {"endmember 1": "A", "endmember 2": "B", "endmember 3": "C"}
    first, second = maps_of(two_runs[0])[0], maps_of(two_runs[1])[0][[1, 2, 0]]
    valid = np.isfinite(first[0])
    assert said["n_pixels"] == valid.sum()
    for k, pair in enumerate(said["endmembers"]):
        difference = (first - second)[k, valid].astype(float)
        assert pair["rmse"] == pytest.approx(np.sqrt((difference**2).mean()), abs=1e-6)
        assert pair["bias"] == pytest.approx(difference.mean(), abs=1e-6)
        assert pair["angle_rad"] < 0.05


def test_compare_with_itself_finds_no_difference(two_runs, unmix_command):
    for pair in compared(unmix_command, two_runs[0], two_runs[0])["endmembers"]:
        assert pair["angle_rad"] < 1e-6
        assert pair["rmse"] < 1e-6
        assert pair["r2"] == pytest.approx(1)


def test_compare_with_a_raster_matches_by_correlation(two_runs, unmix_command, tmp_path):
    maps, profile = maps_of(two_runs[0])
    reference = np.concatenate([0.5 * maps[[2, 0]] + 0.1, maps[:1] * 0 + 0.3])
    path = written(tmp_path / "truth.tif", reference, profile)
    said = compared(unmix_command, two_runs[0], path)
    pairs = {pair["out"]: pair for pair in said["endmembers"]}
    assert said["matched_by"] == "correlation"
    assert pairs["endmember 3"]["reference"] == "band 1"
    assert pairs["endmember 1"]["reference"] == "band 2"
    assert pairs["endmember 1"]["correlation"] == pytest.approx(1)
    assert pairs["endmember 1"]["r2"] < 1
    assert pairs["endmember 2"]["correlation"] is None
    assert pairs["endmember 1"]["angle_rad"] is None


def test_compare_names_what_has_no_partner(two_runs, unmix_command, tmp_path):
    maps, profile = maps_of(two_runs[0])
    path = written(tmp_path / "one.tif", maps[:1], profile)
    assert compared(unmix_command, two_runs[0], path)["only_in_out"] == [
        "endmember 2", "endmember 3",
    ]  # fmt: skip
    table = unmix_command("compare", two_runs[0], path).stdout
    assert "only in out: endmember 2, endmember 3" in table
    assert "angle_rad" not in table


def test_compare_prints_a_table_for_people(two_runs, unmix_command):
    lines = unmix_command("compare", *two_runs).stdout.splitlines()
    assert lines[0].split() == [
        "out", "reference", "angle_rad", "rmse", "bias", "correlation", "r2",
    ]  # fmt: skip
    assert len(lines) == 1 + 3 + 1


@pytest.mark.parametrize("change", ["shifted", "cut"])
def test_compare_refuses_maps_on_another_grid(two_runs, unmix_command, tmp_path, change):
    maps, profile = maps_of(two_runs[0])
    if change == "shifted":
        profile["transform"] = profile["transform"] @ rasterio.Affine.translation(0.5, 0)
    path = written(tmp_path / "other.tif", maps[:, 5:] if change == "cut" else maps, profile)
    result = unmix_command("compare", two_runs[0], path)
    assert result.exit_code == 1
    assert "lie on different grids" in result.stderr
    assert "Traceback" not in result.stderr


def test_compare_refuses_maps_without_common_pixels(two_runs, unmix_command, tmp_path):
    maps, profile = maps_of(two_runs[0])
    path = written(tmp_path / "empty.tif", np.full_like(maps, np.nan), profile)
    result = unmix_command("compare", two_runs[0], path)
    assert result.exit_code == 1
    assert "no pixel with data in common" in result.stderr


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [("truth.tif", "truth.tif", "Name the run first"), ("0", "gone", "There is no"),
     (".", "0", "not the result of a run")],
)  # fmt: skip
def test_compare_says_what_it_needs(two_runs, unmix_command, first, second, message):
    folder = two_runs[0].parent
    maps, profile = maps_of(two_runs[0])
    written(folder / "truth.tif", maps, profile)
    result = unmix_command("compare", folder / first, folder / second)
    assert result.exit_code == 1
    assert message in result.stderr
