"""Adam with a cosine schedule, for one tensor.

``torch.optim`` has it too, but building any of its optimisers imports torch's compiler, which takes
longer than a whole training here.
"""

import math

import torch
from torch import Tensor

FIRST, SECOND = 0.9, 0.999
"""Decay of the running means of the gradient and of its square."""
EPSILON = 1e-8
FLOOR = 0.05
"""The learning rate falls to this share of where it begins."""


class Adam:
    """Moves a parameter against its gradient, in steps that fall along a cosine.

    Parameters
    ----------
    parameter : Tensor
        Changed in place.
    learning_rate : float
    n_steps : int
        How many steps there will be.

    References
    ----------
    Kingma and Ba (2015), arXiv:1412.6980; Loshchilov and Hutter (2017), arXiv:1608.03983.
    """

    def __init__(self, parameter: Tensor, learning_rate: float, n_steps: int) -> None:
        self._parameter = parameter
        self._learning_rate = learning_rate
        self._n_steps = n_steps
        self._mean = torch.zeros_like(parameter)
        self._square = torch.zeros_like(parameter)
        self._done = 0

    def rate(self) -> float:
        """Learning rate of the next step."""
        cosine = (1 + math.cos(math.pi * self._done / self._n_steps)) / 2
        return self._learning_rate * (FLOOR + (1 - FLOOR) * cosine)

    @torch.no_grad()
    def step(self, gradient: Tensor) -> None:
        """Take a step against the gradient."""
        rate = self.rate()
        self._done += 1
        self._mean.lerp_(gradient, 1 - FIRST)
        self._square.mul_(SECOND).addcmul_(gradient, gradient, value=1 - SECOND)
        mean = self._mean / (1 - FIRST**self._done)
        size = (self._square / (1 - SECOND**self._done)).sqrt_().add_(EPSILON)
        self._parameter.sub_(mean.div_(size), alpha=rate)
