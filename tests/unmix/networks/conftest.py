"""Small scenes for networks, and settings that are quick to train."""

from dataclasses import replace

import pytest
import torch

from unmix import FitSettings, Unmixer
from unmix.networks import MEMBERS, NetworkSettings, NetworkUnmixer, Training
from unmix.simulation import Sensor, Simulation


@pytest.fixture(scope="session")
def quick_settings():
    """A member's settings with few steps."""

    def of(member: str, n_steps: int = 60, **changes) -> NetworkSettings:
        settings = replace(MEMBERS[member], **changes)
        return replace(settings, training=replace(settings.training, n_steps=n_steps))

    return of


@pytest.fixture(scope="session")
def few_steps():
    return Training(n_steps=60, batch_size=64)


@pytest.fixture(scope="session")
def patchy():
    """A cube (100, 36, 44) at 20 dB, its truth (n, 36, 44), and the cube without noise."""
    simulation = Simulation(
        36, 44, ("kaolinite", "alunite", "calcite"), Sensor.evenly_spaced(100), 20.0, terrain=0.1
    )
    clean = replace(simulation, snr_db=float("inf"))
    return simulation.block().cube, simulation.block().abundances, clean.block().cube


@pytest.fixture(scope="session")
def rows_of_patchy(patchy):
    return torch.as_tensor(patchy[0]).reshape(100, -1).T


@pytest.fixture(scope="session")
def default(rows_of_patchy):
    """The default model of the patchy scene, to be looked at only."""
    settings = FitSettings(n_points=200, n_starts=4, n_steps=80)
    return Unmixer(3, settings=settings, n_refits=0).fit(rows_of_patchy)


@pytest.fixture(scope="session")
def fitted_network(patchy, default, quick_settings):
    """A fitted network of a member, made once."""
    made = {}

    def of(member: str, n_steps: int = 60) -> NetworkUnmixer:
        if (member, n_steps) not in made:
            settings = quick_settings(member, n_steps)
            model = NetworkUnmixer(3, member=member, settings=settings, unmixer=default)
            made[member, n_steps] = model.fit(patchy[0])
        return made[member, n_steps]

    return of
