"""The benchmark of uses: that its table says what was measured."""

import benchmark_uses
import numpy as np
import pytest


@pytest.fixture(scope="module")
def printed(output_of):
    """The script on one tiny scene: its tables and its JSON."""
    return output_of(benchmark_uses.main, "--scenes", "tiny", "--seeds", "1", "--quick")


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
    assert min(value for name, value in found["classes"][0].items() if "features" in name) > 0.8
    assert found["tuning"][0]["chosen"] == found["tuning"][0]["materials"] == 3


def test_rx_is_the_mahalanobis_distance():
    spectra = np.random.default_rng(0).random((50, 4))
    inverse = np.linalg.inv(np.cov(spectra.T))
    centred = spectra - spectra.mean(axis=0)
    slow = [pixel @ inverse @ pixel for pixel in centred]
    assert np.allclose(benchmark_uses.rx(spectra), slow)


def test_a_json_in_no_folder_is_refused(complaint_about):
    said = complaint_about(benchmark_uses.main, ["--json", "/no/such/folder/found.json"])
    assert "/no/such/folder is not a folder" in said
