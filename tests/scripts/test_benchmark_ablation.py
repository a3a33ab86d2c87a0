"""The ablation: what each part of unmix is worth."""

import dataclasses

import benchmark_ablation
import pytest
from accuracy import ablation

from unmix.autoencoder import FitSettings


@pytest.fixture(scope="module")
def printed(output_of):
    """The script on tiny scenes with one variant: its table and its JSON."""
    scenes, variants = ["--scenes", "tiny", "tiny+15px"], ["--variants", "no noise ball"]
    return output_of(benchmark_ablation.main, *scenes, *variants, "--seeds", "2")


def test_ablation_has_a_row_for_each_variant_and_a_column_for_each_scene(printed, rows_of):
    titles, rows = rows_of(printed[0])
    assert titles == ["variant", "tiny", "tiny+15px", "mean", "fit, s"]
    assert [row[0] for row in rows] == ["as it is", "no noise ball"]
    for row in rows:
        assert row[2].endswith(("0/2", "1/2", "2/2"))
        means = [float(cell.split()[0]) for cell in row[1:3]]
        assert float(row[3]) == pytest.approx(sum(means) / 2, abs=1.1e-4)


def test_table_is_of_the_runs_of_the_json(printed, rows_of):
    cells = {(row[0], k): row[k] for row in rows_of(printed[0])[1] for k in (1, 2)}
    for each in printed[1]["variants"]:
        scores = [run["score"] for run in each["runs"]]
        cell = cells[each["variant"], 1 + ("+" in each["scene"])]
        mean = sum(score["sad_rad"] for score in scores) / len(scores)
        assert each["sad_rad"]["mean"] == pytest.approx(mean)
        assert float(cell.split()[0]) == pytest.approx(mean, abs=6e-5)
        if "+" in each["scene"]:
            assert cell.endswith(f", {sum(score['found'] for score in scores)}/2")


def test_json_says_what_each_variant_changed_and_what_came_of_it(printed):
    found = printed[1]["variants"]
    assert [(each["variant"], each["scene"]) for each in found] == [
        (variant, scene)
        for variant in ("as it is", "no noise ball")
        for scene in ("tiny", "tiny+15px")
    ]
    assert found[0]["settings"] == {}
    assert found[2]["settings"] == ablation.VARIANTS["no noise ball"]
    angles = [[run["score"]["sad_rad"] for run in each["runs"]] for each in found]
    assert angles[0] != angles[2], "the variant changes nothing"


@pytest.mark.parametrize("name", ablation.VARIANTS)
def test_variant_differs_from_the_defaults_in_what_it_names_alone(name):
    changes = ablation.VARIANTS[name]
    defaults, variant = FitSettings(), FitSettings(**changes)
    for field in dataclasses.fields(FitSettings):
        same = getattr(defaults, field.name) == getattr(variant, field.name)
        assert same is (field.name not in changes)


def test_there_is_nothing_to_run_without_data(tmp_path, capsys):
    assert benchmark_ablation.main(["--scenes", "samson", "--data", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "scene samson is skipped" in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scenes", "cuprite"], "there is no scene 'cuprite'"),
        (["--variants", "no brain"], "invalid choice"),
        (["--json", "nowhere/at/all.json"], "is not a folder"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message, complaint_about):
    assert message in complaint_about(benchmark_ablation.main, arguments)
