"""The output folder of a run: rasters with their styles, spectra, preview, model and record."""

from unmix.bundle.naming import name_after
from unmix.bundle.run import NODATA, TAG_NAMESPACE, Run
from unmix.bundle.writing import write_bundle

__all__ = ["NODATA", "TAG_NAMESPACE", "Run", "name_after", "write_bundle"]
