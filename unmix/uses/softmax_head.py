"""A softmax of features that gradients go through."""

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from unmix.uses.scaling import BlockScaler

ABSENT = -10.0
"""Bias of a class without a label."""


class SoftmaxHead(nn.Module):
    """Chances of classes: a softmax of scaled features, which begins as a logistic regression.

    Parameters
    ----------
    features : Tensor of shape (n_labelled, n_features)
    classes : ndarray of shape (n_labelled,)
    n_classes : int
    scaler : BlockScaler
        Not fitted yet.
    """

    def __init__(
        self,
        features: Tensor,
        classes: NDArray[np.integer],
        n_classes: int,
        scaler: BlockScaler,
    ) -> None:
        super().__init__()
        scaled = scaler.fit_transform(features.cpu().double().numpy())
        self.centre = torch.as_tensor(scaler.mean_).to(features)
        self.factors = torch.as_tensor(scaler.factors_).to(features)
        found = LogisticRegression(max_iter=2000, class_weight="balanced").fit(scaled, classes)
        weights, bias = found.coef_, found.intercept_
        if len(weights) == 1:  # of two classes, the first is the opposite of the second
            weights, bias = np.vstack([-weights, weights]) / 2, np.append(-bias, bias) / 2
        self.weights = nn.Parameter(features.new_zeros(n_classes, features.shape[1]))
        self.bias = nn.Parameter(features.new_full((n_classes,), ABSENT))
        with torch.no_grad():
            self.weights[found.classes_] = torch.as_tensor(weights).to(features)
            self.bias[found.classes_] = torch.as_tensor(bias).to(features)

    def forward(self, features: Tensor) -> Tensor:
        """Logarithms of chances (n_pixels, n_classes) of features (n_pixels, n_features)."""
        logits = (features - self.centre) * self.factors @ self.weights.T + self.bias
        return logits.log_softmax(dim=1)
