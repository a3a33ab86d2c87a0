import json

import pytest

from unmix.errors import OutputError
from unmix.staging import RECORD_NAME, check_free, staged_folder, write_record


def test_staged_folder_appears_when_whole(tmp_path):
    target = tmp_path / "new" / "deep" / "out"
    with staged_folder(target) as staged:
        (staged / "a.txt").write_text("a")
        assert not target.exists()
    assert (target / "a.txt").read_text() == "a"
    assert [entry.name for entry in target.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_staged_folder_leaves_nothing_of_a_failure(tmp_path, error):
    with pytest.raises(error), staged_folder(tmp_path / "new" / "out") as staged:
        (staged / "a.txt").write_text("a")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_staged_folder_says_what_the_system_said(tmp_path):
    with (
        pytest.raises(OutputError, match=r"cannot be written: .*No space left"),
        staged_folder(tmp_path / "out"),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_staged_folder_keeps_earlier_results_of_a_failed_overwrite(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / RECORD_NAME).write_text("earlier")
    with pytest.raises(ValueError), staged_folder(out, overwrite=True):
        raise ValueError
    assert (out / RECORD_NAME).read_text() == "earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_staged_folder_replaces_earlier_results_whole(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / RECORD_NAME).write_text("earlier")
    (out / "left-over.txt").write_text("x")
    with staged_folder(out, overwrite=True) as staged:
        (staged / RECORD_NAME).write_text("later")
    assert [entry.name for entry in out.iterdir()] == [RECORD_NAME]
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_staged_folder_takes_an_empty_folder(tmp_path):
    (tmp_path / "out").mkdir()
    with staged_folder(tmp_path / "out") as staged:
        (staged / "a.txt").write_text("a")
    assert (tmp_path / "out" / "a.txt").exists()


def test_check_free_refuses_what_belongs_to_others(tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(OutputError, match="not empty"):
        check_free(tmp_path, overwrite=False)
    with pytest.raises(OutputError, match=r"run\.json is missing"):
        check_free(tmp_path, overwrite=True)
    with pytest.raises(OutputError, match="is a file"):
        check_free(tmp_path / "thesis.tex", overwrite=True)


def test_staged_folder_below_a_file_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    target = tmp_path / "file" / "out"
    with pytest.raises(OutputError, match="cannot be written"), staged_folder(target):
        pass


def test_a_record_holds_any_text(tmp_path):
    record = {"classes": ["Wälder", "水"], "path": "no \udcff UTF-8"}
    write_record(tmp_path, record)
    text = (tmp_path / RECORD_NAME).read_text(encoding="utf-8")
    assert "Wälder" in text and json.loads(text) == record
