from itertools import pairwise

import torch

from unmix.autoencoder.adam import Adam


def test_adam_takes_the_steps_of_torch_with_a_cosine_schedule():
    target = torch.linspace(-1, 2, 7)
    ours, theirs = torch.zeros(7), torch.zeros(7, requires_grad=True)
    optimiser = Adam(ours, learning_rate=0.3, n_steps=20)
    reference = torch.optim.Adam([theirs], lr=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(reference, 20, 0.3 * 0.05)
    for _ in range(20):
        optimiser.step(4 * (ours - target) ** 3)
        reference.zero_grad()
        (theirs - target).pow(4).sum().backward()
        reference.step()
        schedule.step()
    assert torch.allclose(ours, theirs.detach(), atol=1e-6)


def test_adam_s_rate_falls_to_a_twentieth():
    optimiser = Adam(torch.zeros(1), learning_rate=1.0, n_steps=10)
    rates = []
    for _ in range(10):
        rates.append(optimiser.rate())
        optimiser.step(torch.ones(1))
    assert rates[0] == 1.0
    assert all(a > b for a, b in pairwise(rates))
    assert abs(optimiser.rate() - 0.05) < 1e-12
