"""The benchmark of uses: that its table says what was measured."""

import benchmark_uses
import numpy as np
import pytest
from accuracy import class_maps


@pytest.fixture(scope="module")
def printed(output_of):
    """The script on one tiny scene: its tables and its JSON."""
    return output_of(
        benchmark_uses.main, "--scenes", "tiny", "--seeds", "1", "--quick", "--labels", "4"
    )


def test_tables_say_what_the_json_says(printed, rows_of):
    text, found = printed
    for part, table in zip(benchmark_uses.PARTS, text.split("\n\n"), strict=True):
        titles, rows = rows_of(table)
        (row,) = rows
        assert row[0] == "tiny"
        for title, cell in zip(titles[1:], row[1:], strict=True):
            assert float(cell.split()[0]) == pytest.approx(found[part][0][title], abs=1e-3)


def test_easy_anomalies_and_classes_are_found(printed):
    found = printed[1]
    assert found["anomalies"][0]["AUC unmix"] > 0.95
    kinds = {name: value for name, value in found["classes"][0].items() if "fractions" in name}
    assert len(kinds) == 3 and min(kinds.values()) > 0.8
    assert found["fine-tuning"][0]["fine-tuned"] > 0.8
    assert found["tuning"][0]["chosen"] == found["tuning"][0]["materials"] == 3


def test_a_json_in_no_folder_is_refused(complaint_about):
    said = complaint_about(benchmark_uses.main, ["--json", "/no/such/folder/found.json"])
    assert "/no/such/folder is not a folder" in said


def test_what_is_predicted_lies_apart_from_what_is_labelled():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, 30 * 40)
    classes[:50] = -1
    scene = class_maps.ClassScene(rng.random((4, 30, 40), np.float32), classes, 3)
    values = np.ones((1200, 2), np.float32)
    values[77] = np.nan
    drawn = class_maps.draw(scene, 5, 0, [values])
    assert np.bincount(classes[drawn.trained]).tolist() == [5, 5, 5]
    assert len(drawn.tested) > 100 and 77 not in drawn.tested
    down, across = np.divmod(np.arange(1200), 40)
    for place in drawn.trained:
        far = np.maximum(abs(down - down[place]), abs(across - across[place]))[drawn.tested]
        assert far.min() > class_maps.APART
