"""Our method and its peers, all with the same face: pixels in, endmembers out."""

import importlib.util
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.optimize
import torch
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor
from torch.nn.functional import normalize

from accuracy.archetypes import alternating_archetypes
from unmix import Unmixer, fcls, read_abundances
from unmix.autoencoder import FitSettings
from unmix.endmembers import nfindr, project_on_signal, sisal, vca
from unmix.endmembers.edaa import (
    Archetypes,
    archetype_spectra,
    entropic_archetypes,
    principal_coordinates,
)
from unmix.endmembers.signal import bright_pixels

NMF_ITERATIONS = 500
NMF_TOLERANCE = 1e-5
"""Ten times stricter than scikit-learn's: with that it stops on samson after 12 iterations."""
SPAMS_ROUNDS = 50
EDAA_STARTS = 20
"""Its paper takes 50, which makes the choice among them steadier and takes half a minute."""

NEVER = 1e9
"""A setting that nothing in a scene reaches."""


class Fitted(NamedTuple):
    """What a method found."""

    endmembers: Tensor
    """(n_endmembers, n_bands) in the unit of the pixels."""
    native_abundances: Callable[[], Tensor]
    """Gives the method's own abundances (n_pixels, n_endmembers); not part of the fit's time."""


Fit = Callable[[Tensor, int, int], Fitted]
"""Pixels (n_pixels, n_bands), number of endmembers, seed."""


def fit_unmix(
    spectra: Tensor, n_endmembers: int, seed: int, settings: FitSettings | None = None
) -> Fitted:
    """`unmix.Unmixer` with its defaults, on the processor as all others; native: `transform`.

    Without the refits, which tell how sure the endmembers are and do not change them.
    """
    model = Unmixer(
        n_endmembers, settings=settings, n_refits=0, random_state=seed, device="cpu"
    ).fit(spectra)
    return Fitted(
        torch.as_tensor(model.endmembers_), lambda: torch.as_tensor(model.transform(spectra))
    )


def fit_unmix_inside(spectra: Tensor, n_endmembers: int, seed: int) -> Fitted:
    """The same, its endmembers kept inside the hull of the pixels."""
    return fit_unmix(spectra, n_endmembers, seed, FitSettings(leave_hull=NEVER))


def fit_vca(spectra: Tensor, n_endmembers: int, seed: int) -> Fitted:
    """Vertex component analysis, the pixels themselves; native: FCLS."""
    return _read_by_fcls(spectra, spectra[vca(spectra, n_endmembers, seed)])


def fit_vca_projected(spectra: Tensor, n_endmembers: int, seed: int) -> Fitted:
    """VCA, its pixels projected on the signal subspace as in its paper; native: FCLS.

    That takes most of the noise out of them: at 30 dB a pixel is 0.03 rad off by noise alone.
    """
    picks = vca(spectra, n_endmembers, seed)
    return _read_by_fcls(spectra, project_on_signal(spectra, n_endmembers)[picks])


def fit_nfindr(spectra: Tensor, n_endmembers: int, seed: int) -> Fitted:
    """N-FINDR, its pixels projected on the signal subspace like those of VCA; native: FCLS."""
    picks = nfindr(spectra, n_endmembers, seed)
    return _read_by_fcls(spectra, project_on_signal(spectra, n_endmembers)[picks])


def fit_sisal(spectra: Tensor, n_endmembers: int, seed: int) -> Fitted:
    """SISAL, what is negative in its spectra cut off; native: FCLS."""
    return _read_by_fcls(spectra, sisal(spectra, n_endmembers, seed).clamp(min=0))


def fit_vca_l2(spectra: Tensor, n_endmembers: int, seed: int) -> Fitted:
    """VCA on pixels of unit length; native: FCLS of unit pixels on unit endmembers."""
    bright = bright_pixels(spectra)
    unit = normalize(spectra, dim=1)
    endmembers = spectra[bright][vca(unit[bright], n_endmembers, seed)]
    return Fitted(endmembers, lambda: fcls(unit, normalize(endmembers, dim=1)))


def fit_aa(spectra: Tensor, n_endmembers: int, seed: int) -> Fitted:
    """Archetypal analysis of unit pixels, each step solved exactly; native: its own."""
    return _archetypal(spectra, n_endmembers, seed, alternating_archetypes)


def fit_edaa(spectra: Tensor, n_endmembers: int, seed: int) -> Fitted:
    """Entropic descent archetypal analysis of unit pixels; native: its own."""
    return _archetypal(
        spectra,
        n_endmembers,
        seed,
        lambda unit, n, seed: entropic_archetypes(unit, n, seed, n_starts=EDAA_STARTS),
    )


def fit_aa_spams(spectra: Tensor, n_endmembers: int, seed: int) -> Fitted:
    """Archetypal analysis of unit pixels by SPAMS from random pixels; native: its own.

    References
    ----------
    Chen, Mairal and Harchaoui (2014), doi:10.1109/CVPR.2014.192.
    """
    return _archetypal(spectra, n_endmembers, seed, _spams_archetypes)


def fit_nmf(spectra: Tensor, n_endmembers: int, seed: int) -> Fitted:
    """Nonnegative matrix factorisation from its SVD start; native: its weights over their sum."""
    return _factorised(spectra, n_endmembers, seed, "nndsvda")


def fit_nmf_random(spectra: Tensor, n_endmembers: int, seed: int) -> Fitted:
    """The same from a random start."""
    return _factorised(spectra, n_endmembers, seed, "random")


def _read_by_fcls(spectra: Tensor, endmembers: Tensor) -> Fitted:
    return Fitted(endmembers, lambda: read_abundances(spectra, endmembers, "fcls").fractions)


def _factorised(spectra: Tensor, n_endmembers: int, seed: int, start: str) -> Fitted:
    """NMF by scikit-learn on pixels clipped at zero.

    The scale of a component is not determined. It is chosen here so that the weights of the
    pixels sum to one as nearly as they can, else readings that need brightness would be unfair.
    """
    model = NMF(
        n_endmembers,
        init=start,
        random_state=seed,
        tol=NMF_TOLERANCE,
        max_iter=NMF_ITERATIONS,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the iterations are a budget
        weights = model.fit_transform(spectra.clamp(min=0).numpy()).astype(np.float64)
    scale = scipy.optimize.nnls(weights, np.ones(len(weights)))[0]
    scale = np.where(scale > 0, scale, 1 / np.maximum(weights.max(axis=0), 1e-30))
    endmembers = torch.as_tensor(model.components_ / scale[:, None]).to(spectra)
    codes = torch.as_tensor(weights * scale)
    return Fitted(endmembers, lambda: codes / codes.sum(dim=1, keepdim=True))


def _archetypal(
    spectra: Tensor, n_endmembers: int, seed: int, analyse: Callable[[Tensor, int, int], Archetypes]
) -> Fitted:
    """Archetypal analysis of the pixels that are not black, brought to unit length."""
    bright = bright_pixels(spectra)
    found = analyse(normalize(spectra[bright], dim=1), n_endmembers, seed)
    endmembers = archetype_spectra(found.weights, spectra[bright])
    return Fitted(endmembers, lambda: _spread_out(found.abundances, bright))


def _spams_archetypes(unit: Tensor, n_archetypes: int, seed: int) -> Archetypes:
    """The same analysis by SPAMS, which prints its losses."""
    import spams  # type: ignore[import-not-found]  # optional

    y = principal_coordinates(unit, n_archetypes).double().numpy()
    start = np.random.default_rng(seed).choice(len(y), n_archetypes, replace=False)
    _, abundances, weights = spams.archetypalAnalysis(
        np.asfortranarray(y.T),
        Z0=np.asfortranarray(y[start].T),
        returnAB=True,
        computeXtX=True,
        stepsAS=SPAMS_ROUNDS,
        numThreads=1,
    )
    return Archetypes(
        torch.as_tensor(weights.T.toarray()).to(unit),
        torch.as_tensor(abundances.T.toarray()).to(unit),
    )


def _spread_out(values: Tensor, kept: Tensor) -> Tensor:
    """Rows back in their places among all pixels, NaN where a pixel was left out."""
    everywhere = values.new_full((len(kept), values.shape[1]), torch.nan)
    everywhere[kept] = values
    return everywhere


METHODS: dict[str, Fit] = {
    "unmix": fit_unmix,
    "unmix-inside": fit_unmix_inside,
    "vca": fit_vca,
    "vca-projected": fit_vca_projected,
    "vca-l2": fit_vca_l2,
    "nfindr": fit_nfindr,
    "sisal": fit_sisal,
    "edaa": fit_edaa,
    "aa": fit_aa,
    "nmf": fit_nmf,
    "nmf-random": fit_nmf_random,
    "aa-spams": fit_aa_spams,
}

ON_REQUEST = ("unmix-inside", "nmf-random", "aa-spams")
"""Variants that the default leaves out."""
DEFAULT_METHODS = tuple(name for name in METHODS if name not in ON_REQUEST)

NEEDS = {"aa-spams": ("spams", "spams-bin")}
"""Optional peers: the module they need, and the package that has it."""


def missing_package(method: str) -> str | None:
    """The package that a method needs and that is not installed, or None."""
    module, package = NEEDS.get(method, ("unmix", "unmix"))
    return None if importlib.util.find_spec(module) else package
