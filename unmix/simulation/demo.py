"""The scene of the demonstration: small, varied, georeferenced, with known truth."""

from unmix.simulation.simulate import Simulation


def demo_simulation(seed: int = 0) -> Simulation:
    """Return a scene of 200 x 240 pixels and 6 materials from very dark to very bright.

    A lake, woods, soil, sand, asphalt and a kaolinite outcrop on hilly ground, seen by EMIT's
    bands at 40 dB in a frame turned 12 degrees against the map (UTM zone 11 N), with wedges
    without data on both sides. Written as int16 it takes about 27 MB.

    Parameters
    ----------
    seed : int
        0 or more. Same seed, same scene.

    Examples
    --------
    >>> demo_simulation().names
    ('water', 'green vegetation', 'dry soil', 'sand', 'asphalt', 'kaolinite')
    """
    return Simulation(
        height=200,
        width=240,
        materials=("water", "green vegetation", "dry soil", "sand", "asphalt", "kaolinite"),
        cover=(0.14, 0.28, 0.22, 0.12, 0.11, 0.13),
        sensor="emit",
        snr_db=40.0,
        seed=seed,
        terrain=0.3,
        nodata_border=16,
        rotation_deg=12.0,
        pixel_size=30.0,
        epsg=32611,
        origin=(497_000.0, 4_176_000.0),
    )
