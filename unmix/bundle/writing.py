"""From a run to its folder: what is written, and in which order."""

import json
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from scenes.export.together import Work
from unmix.bundle.catalogue import write_catalogue
from unmix.bundle.classes import check_classes
from unmix.bundle.envi_copies import check_format
from unmix.bundle.layers import labels_of, write_layers
from unmix.bundle.naming import check_names
from unmix.bundle.pictures import write_pictures
from unmix.bundle.run import Run, provenance_of
from unmix.bundle.spectra import write_spectra
from unmix.bundle.styles import write_styles
from unmix.bundle.summary import Summary
from unmix.mapping import Progress
from unmix.save_options import SaveOptions
from unmix.staging import staged_folder, write_record

PREVIEWED = frozenset({"abundances", "uncertainty"})
"""Layers that the preview shows."""


def write_bundle(
    run: Run, folder: Path, *, overwrite: bool, options: SaveOptions, progress: Progress
) -> Path:
    """Write the bundle of a run; see `unmix.pipeline.Unmixing.save`."""
    from unmix.report.page import write_report  # here, since they load matplotlib
    from unmix.report.preview import draw_preview, ignore_missing_letters

    check_classes(run.model.endmember_names_)
    check_names(run.model.endmember_names_)
    check_format(run.scene, options)
    began = time.perf_counter()
    with staged_folder(folder, overwrite=overwrite) as staged:
        provenance = provenance_of(run)
        labels = labels_of(run, json.dumps(provenance), provenance["software"])
        missing = set(PREVIEWED)

        def pictures(layer: Path, summary: Summary) -> Iterator[Work]:
            yield partial(write_pictures, run, layer, summary, options, labels)
            if layer.stem in missing:
                missing.remove(layer.stem)
                if not missing:
                    look = summary.look
                    yield partial(draw_preview, staged / "preview.png", staged, run.model, look)

        with warnings.catch_warnings():
            ignore_missing_letters()  # threads share what is ignored, and set it back at any time
            summary = write_layers(run, staged, options, labels, progress, pictures)
        write_styles(run, staged, summary)
        write_spectra(run, staged)
        run.model.save(staged / "model")
        seconds = {**run.seconds, "mapping": time.perf_counter() - began}
        record = provenance | {"seconds": seconds, "scores": summary.scores()}
        record["warnings"] = run.notes
        write_record(staged, record)
        progress("drawing", 0.0)
        write_report(staged)
        write_catalogue(run, staged, record)
        progress("drawing", 1.0)
    return folder
