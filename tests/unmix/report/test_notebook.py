import pytest

from unmix import Unmixer, unmix_scene
from unmix.report import notebook
from unmix.report.contents import read_contents


@pytest.fixture
def result(bundle):
    path = read_contents(bundle).record["input"]["path"]
    return unmix_scene(path, Unmixer.load(bundle / "model"))


def test_card_shows_a_map_and_the_share_of_every_material(result, bundle):
    card = result._repr_html_()
    means = read_contents(bundle).record["scores"]["mean_abundances"]
    assert card.count("<img ") == 3
    for name, mean in zip(result.model.endmember_names_, means, strict=True):
        assert name in card
        assert f"{100 * mean:.1f}&nbsp;%" in card


def test_card_of_a_large_scene_computes_no_map(result, monkeypatch):
    monkeypatch.setattr(notebook, "MOST_PIXELS", 100)
    monkeypatch.delattr(type(result), "abundances")
    card = result._repr_html_()
    assert "<img " not in card
    assert "large scene" in card


def test_names_in_a_card_stay_text(result):
    result.model.endmember_names_ = ["<script>alert(1)</script>", "b", "c"]
    assert "<script" not in result._repr_html_()
