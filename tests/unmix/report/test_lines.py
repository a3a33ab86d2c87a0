import numpy as np

from unmix.report.lines import GAP_NM, Lines


def test_lines_are_interrupted_where_bands_are_missing():
    wavelengths_nm = np.concatenate([np.arange(400.0, 1340, 10), np.arange(1430.0, 1800, 10)])
    lines = Lines.along(wavelengths_nm, len(wavelengths_nm))
    x = lines.broken(lines.x)
    assert np.isnan(x).sum() == 1
    assert not (np.abs(np.diff(x)) > GAP_NM).any()
    np.testing.assert_array_equal(np.concatenate(lines.pieces(lines.x)), wavelengths_nm)
    assert [piece[0] for piece in lines.pieces(lines.x)] == [400.0, 1430.0]


def test_lines_bring_bands_in_the_order_of_wavelength():
    wavelengths_nm = np.array([520.0, 500.0, 510.0])
    lines = Lines.along(wavelengths_nm, 3)
    np.testing.assert_array_equal(lines.x, [500, 510, 520])
    np.testing.assert_array_equal(np.array([3.0, 1.0, 2.0])[lines.order], [1, 2, 3])


def test_bands_without_wavelengths_are_counted_from_one():
    lines = Lines.along(None, 4)
    np.testing.assert_array_equal(lines.broken(lines.x), [1, 2, 3, 4])
    assert lines.title == "band"
