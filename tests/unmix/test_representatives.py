import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmix import representatives as module
from unmix.errors import UnmixError
from unmix.representatives import MEASURES, representatives

PLAIN = pytest.mark.parametrize("by", ["ear", "masa", "cob"])


def drawn(seed, counts=(7, 4, 1)):
    """Spectra of some classes, scattered around one of each."""
    rng = np.random.default_rng(seed)
    classes = np.repeat(list("abc")[: len(counts)], counts)
    middles = np.repeat(rng.uniform(0.1, 0.8, (len(counts), 12)), counts, axis=0)
    return middles * (1 + 0.1 * rng.standard_normal(middles.shape)), classes.tolist()


@pytest.mark.parametrize("by", MEASURES)
@given(per_class=st.integers(1, 9), seed=st.integers(0, 99))
def test_each_class_gives_as_many_as_it_can(by, per_class, seed):
    spectra, classes = drawn(seed)
    chosen = representatives(spectra, classes, per_class, by)
    counts = {name: [classes[k] for k in chosen].count(name) for name in "abc"}
    assert counts == {"a": min(per_class, 7), "b": min(per_class, 4), "c": 1}
    assert len(set(chosen.tolist())) == len(chosen)


@given(seed=st.integers(0, 99))
def test_ear_chooses_what_models_its_class_best(seed):
    spectra, classes = drawn(seed, (8,))

    def error(i):
        others = [j for j in range(8) if j != i]
        free = [spectra[j] @ spectra[i] / (spectra[i] @ spectra[i]) for j in others]
        left = [
            spectra[j] - np.clip(f, -0.05, 1.05) * spectra[i]
            for j, f in zip(others, free, strict=True)
        ]
        return np.mean([np.sqrt(np.mean(each**2)) for each in left])

    expected = sorted(range(8), key=error)
    assert representatives(spectra, classes, 3).tolist() == expected[:3]


def test_masa_leaves_the_odd_one_out():
    spectra, classes = drawn(0, (6,))
    spectra[2] = spectra[2][::-1]
    assert representatives(spectra, classes, 6, "masa")[-1] == 2


def test_cob_takes_what_models_others_of_its_class_and_none_of_another():
    soil = [[0.2, 0.4], [0.21, 0.41], [0.22, 0.42]]
    roof = [[0.5, 0.1], [0.21, 0.415]]
    chosen = representatives(soil + roof, ["soil"] * 3 + ["roof"] * 2, 1, "cob")
    assert chosen.tolist()[0] == 3


@PLAIN
def test_large_classes_are_compared_in_part_and_the_same_with_the_same_seed(by, monkeypatch):
    monkeypatch.setattr(module, "MOST_COMPARED", 30)
    spectra, classes = drawn(1, (90, 20, 5))
    chosen = [representatives(spectra, classes, 3, by, seed).tolist() for seed in (0, 0, 1, 2)]
    assert chosen[0] == chosen[1]
    assert len({tuple(each) for each in chosen}) > 1, "the seed changes nothing"
    assert [[classes[k] for k in each] for each in chosen] == [list("aaabbbccc")] * 4


@pytest.mark.parametrize(
    ("per_class", "by", "message"), [(0, "ear", "at least 1"), (1, "x", "ear")]
)
def test_what_is_not_known_is_refused(per_class, by, message):
    with pytest.raises(UnmixError, match=message):
        representatives(np.ones((2, 3)), ["a", "b"], per_class, by)
