import json

import pytest

from unmix import FitSettings, Unmixer, unmix_scene


def test_report_is_written_anew_without_fitting(
    small_scene, tmp_path, unmix_command, monkeypatch: pytest.MonkeyPatch
):
    quick = FitSettings(n_starts=2, n_steps=300, n_points=150)
    out = unmix_scene(small_scene, Unmixer(3, settings=quick, n_refits=0)).save(tmp_path / "out")
    (out / "report.html").unlink(missing_ok=True)
    monkeypatch.delattr(Unmixer, "fit")
    result = unmix_command("report", out)
    said = json.loads(result.stdout)
    assert said == {"report": str(out / "report.html")}
    assert "endmember 3" in (out / "report.html").read_text(encoding="utf-8")


def test_report_of_no_result_is_refused(tmp_path, unmix_command):
    result = unmix_command("report", tmp_path)
    assert result.exit_code == 1
    assert "is not the result of a run" in result.stderr
    assert "Traceback" not in result.stderr
