import json
import multiprocessing
import pickle
import random
import time
import warnings
from dataclasses import replace

import numpy as np
import pytest

from scenes import SceneError, open_scene
from scenes.errors import SceneWarning
from unmix import UnmixError
from unmix.batch import (
    Job,
    Order,
    check_outcomes,
    map_scene,
    map_scenes,
    request_for,
    without_callbacks,
)
from unmix.resuming import REQUEST_NAME, is_done, remove_left_overs
from unmix.save_options import SaveOptions

pytestmark = pytest.mark.usefixtures("no_figures")


@pytest.fixture
def order(line_model):
    return Order(line_model)


@pytest.fixture
def jobs(flight_lines, tmp_path):
    return [Job(path, tmp_path / "out" / path.stem) for path in flight_lines]


@pytest.fixture(scope="module")
def expected(flight_lines, line_model, tmp_path_factory, rasters_of):
    """Rasters of a run that nobody disturbed."""
    out = tmp_path_factory.mktemp("undisturbed")
    jobs = [Job(path, out / path.stem) for path in flight_lines]
    _map_all(Order(line_model), jobs)
    return {job.target.name: rasters_of(job.target) for job in jobs}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert np.array_equal(found[name], values), name


def test_scenes_are_mapped_each_into_its_folder(order, jobs, expected, rasters_of):
    seen = set()
    outcomes = list(map_scenes(order, jobs, lambda stage, share: seen.add(stage)))
    assert [outcome.job for outcome in outcomes] == jobs
    assert not any(outcome.error or outcome.skipped for outcome in outcomes)
    assert {"line0: mapping", "line2: writing"} <= seen
    for job in jobs:
        assert_same(rasters_of(job.target), expected[job.target.name])


def test_a_scene_that_fails_does_not_hold_up_the_others(order, jobs, tmp_path):
    missing = Job(tmp_path / "missing.tif", tmp_path / "out" / "missing")
    outcomes = list(map_scenes(order, [missing, jobs[0]]))
    assert isinstance(outcomes[0].error, SceneError)
    assert outcomes[1].error is None and (jobs[0].target / "abundances.tif").exists()
    with pytest.raises(UnmixError, match=r"^1 of 2 scenes could not be mapped.*missing\.tif: "):
        check_outcomes(outcomes)
    with pytest.raises(SceneError, match=str(outcomes[0].error).split(" ")[-1]):
        check_outcomes(outcomes[:1])


def test_warnings_of_a_scene_stand_in_its_record(order, jobs):
    def opened(path):
        for _ in range(2):
            warnings.warn("the sun was low", SceneWarning, stacklevel=2)
        return open_scene(path)

    outcome = map_scene(replace(order, opened=opened), jobs[0])
    assert outcome.warnings == ["the sun was low"]
    record = json.loads((jobs[0].target / "run.json").read_text())
    assert record["warnings"].count("the sun was low") == 1


@pytest.fixture
def done(order, jobs):
    """An order to resume, whose first job is done."""
    assert map_scene(order, jobs[0]).error is None
    return replace(order, resume=True)


def test_resume_skips_what_is_done(done, jobs):
    before = (jobs[0].target / "run.json").stat().st_mtime_ns
    outcome = map_scene(done, jobs[0])
    assert outcome.skipped and outcome.error is None
    assert (jobs[0].target / "run.json").stat().st_mtime_ns == before
    assert not map_scene(done, jobs[1]).skipped


@pytest.mark.parametrize(
    "changed",
    [
        {"parameters": {"scale": 10_000.0}},
        {"options": SaveOptions(split=True)},
        {"model": "nnls"},
    ],
    ids=["parameters", "options", "model"],
)
def test_resume_does_again_what_was_made_otherwise(done, jobs, changed):
    if "model" in changed:
        model = without_callbacks(done).model
        model.reading = changed["model"]
        changed = {"model": model}
    again = replace(done, **changed)
    assert not map_scene(again, jobs[0]).skipped
    assert map_scene(again, jobs[0]).skipped


def test_resume_knows_the_scene_and_its_masks_by_their_content(order, jobs, tmp_path):
    scene = open_scene(jobs[0].scene)
    mask = tmp_path / "mask.geojson"
    mask.write_text("{}")
    masked = replace(order, parameters={"masks": (mask,), "scale": None})
    first = request_for(masked, jobs[0].scene, scene)
    assert first == request_for(masked, jobs[0].scene, scene)
    assert {str(scene.path), str(mask)} <= first["files"].keys()
    mask.write_text("{ }")
    assert request_for(masked, jobs[0].scene, scene) != first
    other = open_scene(jobs[1].scene)
    assert request_for(order, jobs[0].scene, scene) != request_for(order, jobs[0].scene, other)


@pytest.mark.parametrize("name", [REQUEST_NAME, "run.json", "uncertainty.tif"])
def test_a_folder_that_lacks_a_file_is_not_done(done, jobs, name):
    request = request_for(done, jobs[0].scene, open_scene(jobs[0].scene))
    assert is_done(jobs[0].target, request)
    (jobs[0].target / name).unlink()
    assert not is_done(jobs[0].target, request)


def test_a_damaged_request_is_not_done(done, jobs):
    request = request_for(done, jobs[0].scene, open_scene(jobs[0].scene))
    (jobs[0].target / REQUEST_NAME).write_text("{")
    assert not is_done(jobs[0].target, request)


def test_left_overs_go_and_earlier_results_come_back(tmp_path):
    target = tmp_path / "a.b"
    for name in (".a.b.partial-00ff", ".a.b.earlier-01", ".axb.partial-00ff", ".a.b.partial-x"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "from").write_text(name)
    remove_left_overs(target)
    names = {entry.name for entry in tmp_path.iterdir()}
    assert names == {"a.b", ".axb.partial-00ff", ".a.b.partial-x"}
    assert (target / "from").read_text() == ".a.b.earlier-01"
    (tmp_path / ".a.b.earlier-02").mkdir()
    remove_left_overs(target)
    assert (target / "from").read_text() == ".a.b.earlier-01"
    assert {entry.name for entry in tmp_path.iterdir()} == names
    remove_left_overs(tmp_path / "nowhere" / "out")


def test_an_order_can_be_sent_to_another_process(order, flight_lines):
    order.model.progress = lambda share: None
    sent = pickle.loads(pickle.dumps(without_callbacks(order)))
    order.model.progress = None
    spectra = open_scene(flight_lines[0]).sample(20, random_state=0)
    ours, theirs = order.model.map_pixels(spectra), sent.model.map_pixels(spectra)
    for a, b in zip(ours, theirs, strict=True):
        assert np.array_equal(a.numpy(), b.numpy(), equal_nan=True)


@pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="needs a fork server"
)
@pytest.mark.parametrize("n_kills", [2, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_at_any_moment_and_resumed_is_as_if_undisturbed(
    order, jobs, expected, rasters_of, n_kills
):
    start = multiprocessing.get_context("forkserver")
    start.set_forkserver_preload(
        ["unmix.batch", "unmix.report.preview", "unmix.report.page", "pytest"]
    )
    order = replace(order, resume=True)
    _timed_run(start, order, jobs[:1])  # the first waits for the server to start
    longest = _timed_run(start, replace(order, overwrite=True), jobs)
    moments = random.Random(n_kills)
    for _ in range(n_kills):
        for job in jobs:
            (job.target / REQUEST_NAME).unlink(missing_ok=True)
        process = start.Process(target=_map_all, args=(order, jobs))
        process.start()
        process.join(moments.uniform(0, longest))
        process.kill()
        process.join()
        for job in jobs:  # whatever has its final name is whole
            if job.target.exists():
                assert_same(rasters_of(job.target), expected[job.target.name])
    outcomes = list(map_scenes(order, jobs))
    check_outcomes(outcomes)
    for job in jobs:
        assert_same(rasters_of(job.target), expected[job.target.name])
    assert sorted(e.name for e in jobs[0].target.parent.iterdir()) == ["line0", "line1", "line2"]


def _timed_run(start, order, jobs):
    began = time.perf_counter()
    process = start.Process(target=_map_all, args=(order, jobs))
    process.start()
    process.join()
    assert process.exitcode == 0
    return time.perf_counter() - began


def _map_all(order, jobs):
    """What a process of its own does; it draws no figures either."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("unmix.report.preview.draw_preview", "unmix.report.page.write_report"):
            patch.setattr(module, lambda *_, **__: None)
        check_outcomes(list(map_scenes(order, jobs)))
