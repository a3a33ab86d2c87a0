import numpy as np
import pytest

from unmix.readings import READINGS
from unmix.report.words import (
    READING_MEANS,
    choice_text,
    duration,
    north_text,
    region_of,
    stability_text,
    with_code,
)


def test_every_reading_is_explained():
    assert set(READING_MEANS) == set(READINGS)


@pytest.mark.parametrize(
    ("row", "column", "where"),
    [
        (0, 0, "at the upper left"), (0, 1, "at the upper edge"), (1, 1, "in the middle"),
        (1, 2, "at the right"), (2, 1, "at the lower edge"), (2, 2, "at the lower right"),
    ],
)  # fmt: skip
def test_region_is_where_the_map_is_highest(row, column, where):
    values = np.zeros((9, 12))
    values[3 * row : 3 * row + 3, 4 * column : 4 * column + 4] = 1
    assert region_of(values) == where


def test_region_of_nothing_is_nowhere():
    assert region_of(np.full((9, 9), np.nan)) == "nowhere"


def test_region_of_a_single_pixel_is_told():
    assert region_of(np.ones((1, 1))).startswith(("at", "in"))


@pytest.mark.parametrize(
    ("angle", "words"),
    [
        (None, "not known"),
        (0.1, "is up"),
        (180, "is down"),
        (-20, "20° to the left"),
        (35, "right"),
    ],
)
def test_north_is_told_in_words(angle, words):
    assert words in north_text(angle)


def test_stability_words_get_worse_as_it_falls():
    said = [stability_text(score) for score in (0.99, 0.9, 0.6, 0.2, None, float("nan"))]
    assert len(set(said)) == 5
    assert said[3] == "not found again"


def test_choice_says_who_made_it():
    assert "was asked for" in choice_text({"n_endmembers": 4, "n_endmembers_auto": False})
    chosen = {"n_endmembers": 4, "n_endmembers_auto": True, "n_endmembers_reason": "all distinct"}
    assert choice_text(chosen) == "unmix chose 4: all distinct."


@pytest.mark.parametrize(("seconds", "text"), [(7250, "2 h 0 min"), (59.6, "1 min 0 s")])
def test_durations_carry_over(seconds, text):
    assert duration(seconds) == text


def test_code_in_a_sentence_cannot_be_markup():
    assert "<script>" not in with_code("`<script>` </code>")
