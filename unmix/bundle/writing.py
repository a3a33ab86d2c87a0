"""From a run to its folder: what is written, and in which order."""

import json
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rasterio.errors import NotGeoreferencedWarning

from unmix.bundle.catalogue import write_catalogue
from unmix.bundle.classes import check_classes
from unmix.bundle.envi_copies import check_format
from unmix.bundle.layers import labels_of, write_layers
from unmix.bundle.naming import check_names
from unmix.bundle.pictures import write_pictures
from unmix.bundle.run import Run, provenance_of
from unmix.bundle.spectra import write_spectra
from unmix.bundle.styles import write_styles
from unmix.bundle.summary import check_mapped
from unmix.mapping import Progress
from unmix.save_options import SaveOptions
from unmix.staging import staged_folder, write_record


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
        summary = write_layers(run, staged, options, labels, progress)
        check_mapped(summary, run.scene)
        with warnings.catch_warnings(), ThreadPoolExecutor(1, "drawing") as beside:
            ignore_missing_letters()  # threads share what is ignored, and set it back at any time
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            picture = staged / "preview.png"
            drawn = beside.submit(draw_preview, picture, staged, run.model, summary.look)
            write_pictures(run, staged, summary, options, labels, progress)
        drawn.result()
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
