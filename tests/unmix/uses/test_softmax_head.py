import numpy as np
import pytest
import torch

from unmix.uses.classification import make_classifier
from unmix.uses.scaling import BlockScaler, FeatureBlock
from unmix.uses.softmax_head import SoftmaxHead


@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_begins_as_the_logistic_regression(n_classes):
    rng = np.random.default_rng(0)
    classes = np.repeat(np.arange(n_classes), 20)
    features = np.eye(4)[classes] + 0.5 * rng.standard_normal((len(classes), 4))
    blocks = [FeatureBlock(3, 2.0), FeatureBlock(1, 1.0)]
    head = SoftmaxHead(torch.as_tensor(features), classes, n_classes, BlockScaler(blocks))
    logistic = make_classifier("logistic", 0, blocks).fit(features, classes)
    with torch.no_grad():
        found = head(torch.as_tensor(features)).exp()
    expected = logistic.predict_proba(features)
    assert np.allclose(found.numpy(), expected, atol=1e-5)


def test_a_class_without_labels_is_next_to_impossible():
    features = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, 1.1], [1.2, 0.0]])
    classes = np.array([0, 2, 0, 2])
    head = SoftmaxHead(features, classes, 3, BlockScaler([FeatureBlock(2, 1.0)]))
    with torch.no_grad():
        chances = head(features).exp()
    assert chances[:, 1].max() < 1e-3
    assert chances.argmax(dim=1).tolist() == classes.tolist()
