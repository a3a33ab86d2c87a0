"""Lets tests import the scripts, which are run rather than installed."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))


@pytest.fixture(scope="module")
def truth():
    """A noise-free mixture of 4 materials under varying light, with pure pixels."""
    from accuracy.known_scenes import KnownScene

    rng = np.random.default_rng(3)
    endmembers = rng.uniform(0.05, 0.9, (4, 12))
    abundances = rng.dirichlet(np.full(4, 0.5), 300)
    abundances[:40] = np.repeat(np.eye(4), 10, axis=0)
    light = rng.uniform(0.7, 1.3, (300, 1))
    return KnownScene(
        torch.from_numpy(light * (abundances @ endmembers)).float(),
        torch.from_numpy(endmembers),
        torch.from_numpy(abundances),
    )


@pytest.fixture(scope="session")
def output_of(tmp_path_factory):
    """Runs a script's `main` in this process: the one text that it prints, and its JSON."""

    def run(main, *arguments):
        path = tmp_path_factory.mktemp("script") / "found.json"
        printed: list[str] = []
        n_threads = torch.get_num_threads()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("builtins.print", printed.append)
            assert main([*arguments, "--json", str(path)]) == 0
        torch.set_num_threads(n_threads)
        (text,) = printed
        return text, json.loads(path.read_text())

    return run


@pytest.fixture(scope="session")
def rows_of():
    """Takes a Markdown table apart: its titles, and its rows as lists of cells."""

    def rows(markdown):
        titles, rule, *cells = (
            line.strip("| ").split(" | ") for line in markdown.strip().splitlines()
        )
        assert set("".join(rule)) <= set("-:| ")
        assert {len(row) for row in cells} == {len(titles)}
        return titles, cells

    return rows


@pytest.fixture
def complaint_about(capsys):
    """Runs a script's `main` with arguments that it refuses: what it says on stderr."""

    def refused(main, arguments):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err

    return refused
