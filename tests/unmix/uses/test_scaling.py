import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from unmix.errors import UnmixError
from unmix.uses.scaling import BlockScaler, FeatureBlock

VALUES = np.random.default_rng(0).normal(3.0, [1.0, 2.0, 0.1, 5.0], (50, 4))


def test_a_block_gets_its_variance_and_keeps_its_proportions():
    scaled = BlockScaler([FeatureBlock(3, 7.0), FeatureBlock(1, 2.0)]).fit_transform(VALUES)
    assert np.allclose(scaled.mean(axis=0), 0)
    assert np.isclose(scaled[:, :3].var(axis=0).sum(), 7.0)
    assert np.isclose(scaled[:, 3].var(), 2.0)
    before, after = VALUES[:, :3].std(axis=0), scaled[:, :3].std(axis=0)
    assert np.allclose(after / after[0], before / before[0])


def test_blocks_of_one_feature_are_standardised():
    scaled = BlockScaler([FeatureBlock(1, 1.0)] * 4).fit_transform(VALUES)
    assert np.allclose(scaled, StandardScaler().fit_transform(VALUES))


def test_constant_features_stay_finite():
    scaled = BlockScaler([FeatureBlock(2, 1.0)]).fit_transform(np.full((5, 2), 3.0))
    assert np.array_equal(scaled, np.zeros((5, 2)))


def test_blocks_of_other_features_are_refused():
    with pytest.raises(UnmixError, match="are of 3 features, but there are 4"):
        BlockScaler([FeatureBlock(3, 1.0)]).fit(VALUES)
