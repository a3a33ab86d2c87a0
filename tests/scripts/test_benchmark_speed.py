"""The speed benchmark: that its slow ways are right, and its table says what was measured."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import benchmark_speed
import numpy as np
import pytest
import torch

from unmix.abundances import fcls

SMALL = ["--bands", "15", "--pixels", "60", "--few", "5", "--repeats", "2"]


@pytest.fixture(scope="module")
def printed(output_of):
    """The script on tiny problems: its table and its JSON."""
    return output_of(benchmark_speed.main, "--endmembers", "2", "9", *SMALL)


def test_table_has_a_row_for_each_problem_and_a_rate_for_each_solver(printed, rows_of):
    titles, rows = rows_of(printed[0])
    assert [row[:2] for row in rows] == [["2", "1"], ["2", "0.3"], ["9", "1"], ["9", "0.3"]]
    for row, found in zip(rows, printed[1], strict=True):
        for name, rate in found["pixels_per_second"].items():
            assert float(row[titles.index(name)]) == pytest.approx(rate / 1000, rel=0.01)
        ratio = found["pixels_per_second"]["fcls"] / found["pixels_per_second"]["product"]
        assert float(row[titles.index("/ product")]) == pytest.approx(ratio, rel=0.01)


def test_ours_are_where_the_slow_solutions_are(printed):
    for found in printed[1]:
        assert max(found["off"].values()) < 5e-6


def test_slow_fcls_is_fcls():
    rng = np.random.default_rng(0)
    endmembers = rng.random((7, 20))
    spectra = rng.dirichlet([0.5] * 7, 30) @ endmembers + 0.1 * rng.standard_normal((30, 20))
    found = benchmark_speed.slow_fcls(spectra, endmembers)
    exact = fcls(torch.from_numpy(spectra), torch.from_numpy(endmembers))
    np.testing.assert_allclose(found, exact, atol=1e-10)


def test_peers_are_measured_where_they_are_installed(monkeypatch, output_of, rows_of):
    asked = []

    def solve(y, e, *, computeXtX, numThreads):
        asked.append((y.shape, y.dtype, e.shape, numThreads))

    peer = ModuleType("spams")
    peer.decompSimplex = solve
    peer.__spec__ = ModuleSpec("spams", None)
    monkeypatch.setitem(sys.modules, "spams", peer)
    text, found = output_of(benchmark_speed.main, "--endmembers", "3", *SMALL)
    assert set(asked) == {((15, 60), np.dtype("float64"), (15, 3), 1)}
    titles, rows = rows_of(text)
    assert all(row[titles.index("/ spams")] != "-" for row in rows)
    assert all(row["pixels_per_second"]["spams"] > 0 for row in found)


def test_library_gives_the_endmembers(tmp_path, output_of):
    spectra = np.random.default_rng(0).random((6, 11)).astype(np.float32)
    spectra[2, 3] = np.nan
    np.savez(tmp_path / "library.npz", spectra=spectra)
    library = ["--library", str(tmp_path / "library.npz")]
    found = output_of(benchmark_speed.main, "--endmembers", "5", *library, *SMALL)[1]
    assert [row["bands"] for row in found] == [11, 11]


def test_a_json_in_no_folder_is_refused_before_anything_runs(complaint_about):
    said = complaint_about(benchmark_speed.main, ["--json", "/no/such/folder/found.json"])
    assert "/no/such/folder is not a folder" in said
