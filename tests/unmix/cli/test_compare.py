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


@pytest.fixture
def class_map(two_runs, tmp_path):
    """The dominant materials of the first run under other numbers and names; a strip is 0."""
    with rasterio.open(two_runs[0] / "dominant.tif") as dataset:
        dominant, profile = dataset.read(1), dataset.profile
    classes = np.choose(np.where(dominant == 255, 0, dominant), [0, 30, 10, 20]).astype("uint8")
    classes[:3] = 0
    path = tmp_path / "classes.tif"
    place = {key: profile[key] for key in ("height", "width", "crs", "transform")}
    profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "nodata": None, **place}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(classes, 1)
    names = {10: "oak", 20: "soil"}
    categories = "".join(f"<Category>{names.get(k, '')}</Category>" for k in range(31))
    (tmp_path / "classes.tif.aux.xml").write_text(
        f"<PAMDataset><PAMRasterBand band='1'><CategoryNames>{categories}</CategoryNames>"
        "</PAMRasterBand></PAMDataset>"
    )
    return path, classes


def test_compare_with_classes_finds_the_material_of_each(two_runs, unmix_command, class_map):
    path, classes = class_map
    said = compared(unmix_command, two_runs[0], path)
    pairs = {each["reference"]: each for each in said["classes"]}
    assert {name: each["out"] for name, each in pairs.items()} == {
        "class 30": "endmember 1", "oak": "endmember 2", "soil": "endmember 3",
    }  # fmt: skip
    assert (said["accuracy"], said["kappa"], said["purity"]) == (1, 1, 1)
    assert said["n_pixels"] == (classes > 0).sum()
    maps = maps_of(two_runs[0])[0]
    for value, name, k in ((30, "class 30", 0), (10, "oak", 1), (20, "soil", 2)):
        assert pairs[name]["n_pixels"] == (classes == value).sum()
        assert pairs[name]["mean_inside"] == pytest.approx(maps[k][classes == value].mean())
        others = (classes != value) & (classes > 0)
        assert pairs[name]["mean_outside"] == pytest.approx(maps[k][others].mean())
    assert said["reference_classes"] == ["oak", "soil", "class 30"]
    assert np.array(said["confusion"]).sum() == said["n_pixels"]


def test_compare_with_classes_prints_tables_for_people(two_runs, unmix_command, class_map):
    result = unmix_command("compare", two_runs[0], class_map[0])
    assert result.exit_code == 0, result.stderr
    assert "accuracy 1.0000, kappa 1.0000, purity 1.0000" in result.stdout
    lines = result.stdout.splitlines()
    assert lines[0].split()[:4] == ["out", "reference", "n_pixels", "producer"]
    assert any(line.split()[:1] == ["oak"] for line in lines)


def test_compare_refuses_rasters_that_hold_no_classes(two_runs, unmix_command, class_map):
    path, classes = class_map
    for numbers, message in ((0 * classes, "holds no class"), (None, "more than 1000 different")):
        with rasterio.open(path) as dataset:
            profile = {**dataset.profile, "dtype": "int32"}
        counted = np.arange(classes.size).reshape(classes.shape) if numbers is None else numbers
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(counted.astype("int32"), 1)
        result = unmix_command("compare", two_runs[0], path)
        assert result.exit_code == 1
        assert message in result.stderr


def test_compare_applies_the_scale_of_whole_numbers(two_runs, unmix_command, tmp_path):
    maps, profile = maps_of(two_runs[0])
    stored = np.where(np.isfinite(maps), np.round(maps * 200), 255).astype("uint8")
    profile = {**profile, "driver": "GTiff", "dtype": "uint8", "nodata": 255}
    for count in (3, 1):
        with rasterio.open(tmp_path / "a.tif", "w", **{**profile, "count": count}) as dataset:
            dataset.write(stored[:count])
            dataset.scales = [1 / 200] * count
        said = compared(unmix_command, two_runs[0], tmp_path / "a.tif")
        assert len(said["endmembers"]) == count
        assert all(pair["rmse"] < 1 / 200 for pair in said["endmembers"])


def test_compare_draws_what_it_finds(two_runs, unmix_command, class_map, tmp_path):
    for k, reference in enumerate((two_runs[1], class_map[0])):
        path = tmp_path / f"{k}.png"
        result = unmix_command("compare", two_runs[0], reference, "--plots", path)
        assert result.exit_code == 0, result.stderr
        assert path.read_bytes().startswith(b"\x89PNG")
    refused = unmix_command("compare", *two_runs, "--plots", path)
    assert refused.exit_code == 1 and "already exists" in refused.stderr
    assert unmix_command("compare", *two_runs, "--plots", path, "--overwrite").exit_code == 0
    wrong = unmix_command("compare", *two_runs, "--plots", tmp_path / "a.jpg")
    assert wrong.exit_code == 2 and "ends in .png" in wrong.stderr


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
