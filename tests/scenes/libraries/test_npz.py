"""Libraries in NumPy archives."""

import numpy as np
import pytest

from scenes import SceneError, SpectralLibrary

SPECTRA = np.array([[0.1, 0.2, -1.23e34], [0.5, 0.25, 0.125]], np.float32)


def test_arrays_are_read_by_their_names(tmp_path):
    np.savez(
        tmp_path / "a.npz",
        spectra=SPECTRA,
        names=["sand", "water"],
        wavelengths=[450.0, 550.0, 2200.0],
        fwhm=[5.0, 6.0, 7.0],
        classes=["soil", "water"],
    )
    library = SpectralLibrary.read(tmp_path / "a.npz")
    assert library.names == ("sand", "water")
    assert library.classes == ("soil", "water")
    assert library.wavelengths_nm.tolist() == [450, 550, 2200]
    assert library.fwhm_nm.tolist() == [5, 6, 7]
    assert library.spectra.dtype == np.float32
    assert np.isnan(library.spectra).tolist() == [[False, False, True], [False] * 3]


def test_spectra_alone_are_enough(tmp_path):
    np.savez(tmp_path / "a.npz", spectra=SPECTRA)
    assert SpectralLibrary.read(tmp_path / "a.npz").names == ("spectrum 1", "spectrum 2")


def test_objects_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", spectra=SPECTRA, names=np.array([{}, {}], object))
    with pytest.raises(SceneError, match=r"cannot be read as an \.npz archive"):
        SpectralLibrary.read(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"E": SPECTRA}, "needs an array `spectra`.*It has E"),
        ({"spectra": SPECTRA[0]}, "needs an array `spectra`"),
        ({"spectra": SPECTRA, "classes": ["a"]}, "1 class for 2 spectra"),
        ({"spectra": SPECTRA, "names": ["a"]}, "1 entry for 2 spectra"),
    ],
)
def test_other_archives_are_refused(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(SceneError, match=message):
        SpectralLibrary.read(tmp_path / "a.npz")


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"no archive")
    with pytest.raises(SceneError, match=r"cannot be read as an \.npz archive"):
        SpectralLibrary.read(tmp_path / "a.npz")
