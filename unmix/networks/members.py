"""Networks by name: settings that were found good for a purpose."""

from unmix.errors import UnmixError
from unmix.networks.settings import NetworkSettings, Penalties, Training

MEMBERS: dict[str, NetworkSettings] = {
    "sparse": NetworkSettings(
        code="topk",
        n_active=3,
        reconstruction="robust",
        training=Training(dead="revive"),
    ),
    "denoising": NetworkSettings(
        encoder="mlp",
        code="softplus",
        decoder="signed",
        reconstruction="likelihood",
        training=Training(corruption=1.0, n_steps=2000, learning_rate=1e-3),
    ),
    "convolutional": NetworkSettings(
        encoder="convolutional",
        decoder="fixed",
        reconstruction="likelihood",
        light="learned",
        n_hidden=32,
        penalties=Penalties(smoothness=2.0),
        training=Training(
            n_steps=1200, batch_size=1024, learning_rate=5e-3, corruption=1.0, patch=16
        ),
    ),
    "variational": NetworkSettings(
        decoder="fixed",
        reconstruction="likelihood",
        light="learned",
        posterior="logistic_normal",
        prior="gaussian",
        training=Training(n_steps=2000),
    ),
    "adversarial": NetworkSettings(
        decoder="fixed",
        reconstruction="likelihood",
        light="learned",
        prior="dirichlet",
        adversary=100.0,
        training=Training(n_steps=1500),
    ),
    "conditional": NetworkSettings(
        decoder="fixed",
        reconstruction="likelihood",
        light="learned",
        training=Training(n_steps=2000),
    ),
}
"""By what they are for; see docs/family.md."""


def member(name: str) -> NetworkSettings:
    """The settings of a named network.

    Raises
    ------
    UnmixError
        If there is none of that name.
    """
    if name not in MEMBERS:
        raise UnmixError(f"`member` must be one of {', '.join(MEMBERS)}. Got {name!r}.")
    return MEMBERS[name]
