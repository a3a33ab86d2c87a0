"""Figures that answer to the pointer, as JSON that Bokeh draws in the page.

Colours of axes and text are left to the page's style sheet (``--bk-*``), so that they follow it in
the light and in the dark. Lines are switched on and off by the page, by their names.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh.embed import json_item
from bokeh.models import (
    BasicTickFormatter,
    BoxZoomTool,
    ColumnDataSource,
    HoverTool,
    PanTool,
    ResetTool,
    SaveTool,
    WheelZoomTool,
)
from bokeh.plotting import figure
from bokeh.resources import Resources

from scenes.export.colour import Colour
from unmix.report.lines import Lines
from unmix.report.references import Likeness, Reference
from unmix.report.residuals import ResidualSummary
from unmix.report.scene_spectra import MeasuredPixel

if TYPE_CHECKING:
    from unmix.unmixer import Unmixer

Item = dict[str, Any]
NEUTRAL = "#2f8f87"
HEIGHT = 420


def drawing_code() -> str:
    """The JavaScript that draws the figures: Bokeh itself, without its widgets."""
    code: list[str] = Resources(mode="inline", components=["bokeh"], minified=True).js_raw
    return "\n".join(code)


def spectra_item(
    model: "Unmixer", colours: Sequence[Colour], likenesses: Sequence[Likeness] = ()
) -> Item:
    """Endmember spectra, each with the range that the refits found around it.

    The line of endmember k is named ``line-k``, its range ``range-k``, and spectra of a library
    ``match-k-0``, ``match-k-1``, ..., which are dashed and hidden at first.
    """
    lines = Lines.along(model.wavelengths_nm_, model.n_features_in_)
    plot = _figure(lines, model.unit_)
    found = np.concatenate([model.endmembers_[None], model.endmember_samples_])[:, :, lines.order]
    lowest, highest = found.min(axis=0), found.max(axis=0)
    hovered = []
    for k, name in enumerate(model.endmember_names_):
        colour = colours[k].hex
        if len(found) > 1:
            low, high, x = (lines.pieces(v) for v in (lowest[k], highest[k], lines.x))
            plot.patches(
                [[*part, *part[::-1]] for part in x],
                [[*a, *b[::-1]] for a, b in zip(low, high, strict=True)],
                color=colour,
                fill_alpha=0.22,
                line_alpha=0,
                name=f"range-{k}",
            )
        source = _source(lines, found[0, k], name)
        hovered.append(
            plot.line("x", "y", source=source, color=colour, line_width=2.2, name=f"line-{k}")
        )
    hovered += [
        _reference_line(plot, lines, reference, colours[likeness.number].hex)
        for likeness in likenesses
        for reference in likeness.references
    ]
    return _finished(plot, hovered, lines)


def _reference_line(plot: figure, lines: Lines, reference: Reference, colour: str) -> Any:  # noqa: ANN401
    """A dashed line for a spectrum of a library; the further from the endmember, the thinner."""
    source = _source(lines, reference.spectrum[lines.order], f"{reference.name} (library)")
    rank = int(reference.key.rpartition("-")[2])
    return plot.line(
        "x",
        "y",
        source=source,
        name=f"match-{reference.key}",
        visible=False,
        color=colour,
        line_width=2.0 if rank == 0 else 1.2,
        line_dash="dashed" if rank == 0 else "dotted",
    )


def pixels_item(model: "Unmixer", pixels: Sequence[MeasuredPixel]) -> Item:
    """Pixels (``line-p0``, ...) and, dashed, what the endmembers make of them (``range-p0``)."""
    lines = Lines.along(model.wavelengths_nm_, model.n_features_in_)
    plot = _figure(lines, model.unit_)
    hovered = []
    for k, pixel in enumerate(pixels):
        for kind, what, values, colour in (
            ("line", "measured", pixel.measured, PIXEL_COLOUR),
            ("range", "best mixture", pixel.mixture, MIXTURE_COLOUR),
        ):
            line = plot.line(
                "x",
                "y",
                source=_source(lines, values[lines.order], f"pixel {k + 1}, {what}"),
                name=f"{kind}-p{k}",
                visible=k == 0,
                color=colour,
                line_width=2,
                line_dash="solid" if kind == "line" else "dashed",
            )
            hovered.append(line)
    return _finished(plot, hovered, lines)


PIXEL_COLOUR, MIXTURE_COLOUR = "#c2571a", "#2f8f87"
"""That stand out from white and from black."""


def histogram_item(found: ResidualSummary, unit: str) -> Item:
    """How many pixels have which residual."""
    plot = figure(
        height=280,
        sizing_mode="stretch_width",
        tools=[SaveTool()],
        x_axis_label=f"residual RMSE ({unit})",
        y_axis_label="pixels",
        toolbar_location=None,
    )
    source = ColumnDataSource(
        {"left": found.edges[:-1], "right": found.edges[1:], "top": found.counts}
    )
    bars = plot.quad(
        left="left", right="right", top="top", bottom=0, source=source, color=NEUTRAL, line_width=0
    )
    told = [("residual", "@left{0.0000} to @right{0.0000}"), ("pixels", "@top{0,0}")]
    plot.add_tools(HoverTool(renderers=[bars], tooltips=told))
    plot.y_range.start = 0  # type: ignore[attr-defined]  # a range of numbers
    plot.yaxis.formatter = BasicTickFormatter(use_scientific=False)
    return _item(plot)


def _figure(lines: Lines, unit: str) -> figure:
    zoom = BoxZoomTool(name="zoom")
    return figure(
        height=HEIGHT,
        sizing_mode="stretch_width",
        tools=[zoom, PanTool(), WheelZoomTool(), ResetTool(), SaveTool()],
        active_drag=zoom,
        x_axis_label=lines.title,
        y_axis_label=unit,
        toolbar_location="above",
    )


def _source(lines: Lines, ordered: Any, name: str) -> ColumnDataSource:  # noqa: ANN401
    x = lines.broken(lines.x)
    return ColumnDataSource({"x": x, "y": lines.broken(ordered), "name": [name] * len(x)})


def _finished(plot: figure, hovered: list[Any], lines: Lines) -> Item:
    at = "@x{0} nm" if lines.title.startswith("wavelength") else "band @x{0}"
    told = [("", "@name"), ("", at), ("", "@y{0.0000}")]
    plot.add_tools(
        HoverTool(renderers=hovered, tooltips=told, line_policy="nearest", visible=False)
    )
    plot.toolbar.logo = None
    return _item(plot)


def _item(plot: figure) -> Item:
    plot.background_fill_alpha = plot.border_fill_alpha = 0
    plot.outline_line_alpha = 0
    plot.xaxis.name, plot.yaxis.name = "x-axis", "y-axis"  # by which the page recolours them
    plot.xgrid.name, plot.ygrid.name = "x-grid", "y-grid"
    return dict(json_item(plot))
