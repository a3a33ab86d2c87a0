"""A library as a figure."""

import numpy as np

from scenes import SpectralLibrary
from unmix.naming import plot_library


def test_every_spectrum_is_a_line_over_ascending_wavelengths():
    library = SpectralLibrary(("a", "b"), [[1, 2, 3], [4, np.nan, 6]], [500.0, 400.0, 600.0])
    axes = plot_library(library)
    lines = axes.get_lines()
    assert [line.get_label() for line in lines] == ["a", "b"]
    assert lines[0].get_xdata().tolist() == [400, 500, 600]
    assert lines[0].get_ydata().tolist() == [2, 1, 3]
    assert np.isnan(lines[1].get_ydata()).tolist() == [True, False, False]
    assert plot_library(library, axes) is axes
    assert len(axes.get_lines()) == 4


def test_bands_are_numbered_without_wavelengths_and_long_legends_left_out():
    library = SpectralLibrary(tuple("abcdefghijklm"), np.ones((13, 2)))
    axes = plot_library(library)
    assert axes.get_lines()[0].get_xdata().tolist() == [1, 2]
    assert axes.get_legend() is None
