"""``unmix count``: how many endmembers a scene has."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unmix.cli.options import say_json, scene_argument, seed_option
from unmix.cli.scene_options import SceneOptions, with_scene_options
from unmix.cli.talk import at_work

if TYPE_CHECKING:
    from unmix.count import Counts


@click.command("count")
@scene_argument
@click.option(
    "--max",
    "n_max",
    type=click.IntRange(min=2),
    default=12,
    show_default=True,
    help="Largest number that fits are tried with.",
)
@seed_option
@with_scene_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(
    scene: Path,
    n_max: int,
    seed: int,
    scene_options: SceneOptions,
    as_json: bool,
) -> None:
    """Estimate how many materials SCENE has, in several ways, and recommend a number.

    The second table shows what the recommendation rests on: fits with 2, 3, ... endmembers to two
    halves of the pixels.
    """
    with at_work() as talk:
        from unmix import Unmixer
        from unmix.count import count_endmembers

        opened = scene_options.open(scene)
        counts = count_endmembers(
            opened.sample(Unmixer().max_pixels, seed),  # as many as a fit learns from
            wavelengths_nm=opened.wavelengths_nm,
            n_max=n_max,
            seed=seed,
            progress=lambda share: talk.progress("counting", share),
        )
    if as_json:
        say_json(describe(counts))
    else:
        advice = f"Recommended: {counts.recommended}, {counts.reason}."
        click.echo("\n".join([*_estimates(counts), "", *_curve(counts), "", advice]))


def describe(counts: "Counts") -> dict[str, Any]:
    """All estimates, and what ours rests on."""
    return {
        "n_pixels": counts.n_pixels,
        "n_bands": counts.n_bands,
        "hysime": counts.hysime,
        "hfc": {f"{chance:g}": n for chance, n in counts.hfc.items()},
        "nwhfc": {f"{chance:g}": n for chance, n in counts.nwhfc.items()},
        "likelihood": counts.likelihood,
        "signal_dimensions": counts.signal_dimensions,
        "distinct": counts.distinct,
        "recommended": counts.recommended,
        "reason": counts.reason,
        "curve": [{**step._asdict(), "is_distinct": step.is_distinct} for step in counts.curve],
    }


def _estimates(counts: "Counts") -> list[str]:
    """One line for every estimate."""
    chances = ", ".join(f"{chance:g}" for chance in counts.hfc)
    rows = {
        "HySime": str(counts.hysime),
        f"HFC, false alarms {chances}": ", ".join(map(str, counts.hfc.values())),
        "NWHFC, the same": ", ".join(map(str, counts.nwhfc.values())),
        "ELM, eigenvalue likelihood": str(counts.likelihood),
        "signal above noise": str(counts.signal_dimensions),
        "distinct endmembers": str(counts.distinct),
    }
    return [
        f"{counts.n_pixels} pixels of {counts.n_bands} bands",
        *(f"{name:<40}{found:>10}" for name, found in rows.items()),
    ]


def _curve(counts: "Counts") -> list[str]:
    """One line for every number of endmembers that was tried."""
    titles = ("endmembers", "separation", "disagreement", "unexplained", "gain", "distinct")
    lines = ["".join(f"{title:>13}" for title in titles)]
    for step in counts.curve:
        numbers = (step.separation, step.disagreement, step.unexplained, step.gain)
        shown = "".join(f"{_short(number):>13}" for number in numbers)
        lines.append(f"{step.n_endmembers:>13}{shown}{'yes' if step.is_distinct else 'no':>13}")
    return lines


def _short(number: float) -> str:
    return ">1000" if number > 1000 else f"{number:.2f}"
