"""What an interrupted run keeps beside its folder, so that the next one goes on from there.

Beside the folder ``out`` grows ``.out.kept``: what was asked for, the model once it is learned, and
the maps of every block once it is solved. Each file is renamed into place when it is whole, so that
a run that is killed at any moment leaves only what can be used.
"""

import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from rasterio.windows import Window
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from unmix.errors import OutputError, UnmixError
from unmix.fingerprint import fingerprint
from unmix.fitted_model import PixelMaps
from unmix.staging import RECORD_NAME
from unmix.unmixer import Unmixer

REQUEST_NAME = "request.json"
"""What was asked for."""
_MODEL, _BLOCKS = "model", "blocks"
_LEFT_OVER = r"\.{}\.(partial|earlier|dead)-[0-9a-f]+"


class Kept:
    """What is kept of one run.

    Parameters
    ----------
    folder : Path
        There.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def beside(cls, target: Path, request: Mapping[str, Any]) -> Self:
        """What an earlier run kept beside its folder, if it was asked for the same; else nothing.

        Parameters
        ----------
        target : Path
            The folder for the results.
        request : mapping
            All that they depend on.

        Raises
        ------
        OutputError
            If nothing can be written beside the folder.
        """
        folder = cls.folder_of(target)
        try:
            if read_request(folder) != request:
                shutil.rmtree(folder, ignore_errors=True)
                (folder / _BLOCKS).mkdir(parents=True)
                write_request(folder, request)
        except OSError as error:
            raise OutputError(f"{folder} cannot be written: {error}.") from error
        return cls(folder)

    @staticmethod
    def folder_of(target: Path) -> Path:
        """Where a run keeps what is done beside the folder for its results."""
        target = target.absolute()
        return target.with_name(f".{target.name}.kept")

    def model(self, learned: Callable[[], Unmixer]) -> Unmixer:
        """The model that was kept; or the one that is learned now, and kept.

        The same model in any case: what was learned is in its files, bit for bit.
        """
        place = self.folder / _MODEL
        if place.is_dir():
            try:
                return Unmixer.load(place)
            except UnmixError:  # a power cut may leave a name without its content
                shutil.rmtree(place)
        model = learned()
        growing = self.folder / f"{_MODEL}.partial"
        shutil.rmtree(growing, ignore_errors=True)
        model.save(growing)
        growing.rename(place)
        return model

    def maps(self, window: Window, solved: Callable[[], PixelMaps]) -> PixelMaps:
        """The maps of a block that were kept; or those that are solved now, and kept.

        Parameters
        ----------
        window : Window
            Where the block lies.
        solved : callable
            Makes its maps.
        """
        corner = f"{window.row_off}_{window.col_off}_{window.height}_{window.width}"
        place = self.folder / _BLOCKS / f"{corner}.safetensors"
        if place.is_file():
            try:
                return PixelMaps(**load_file(place))
            except (SafetensorError, TypeError):  # a power cut, see above
                place.unlink()
        maps = solved()
        growing = place.with_suffix(f".partial-{secrets.token_hex(4)}")
        save_file({name: part.contiguous().cpu() for name, part in maps._asdict().items()}, growing)
        growing.replace(place)
        return maps

    def remove(self) -> None:
        """Remove all of it: the results are in their folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def request_of(files: Iterable[Path], **asked: Any) -> dict[str, Any]:  # noqa: ANN401
    """All that results depend on, as it stands in their folder.

    Parameters
    ----------
    files : iterable of Path
        Known by their content; those that are no files are passed over.
    **asked
        Parameters, made plain JSON.

    Returns
    -------
    dict
    """
    known = {str(file): fingerprint(file) for file in sorted(set(files)) if file.is_file()}
    request = {"software": f"unmix {version('unmix')}", "files": known, **asked}
    plain: dict[str, Any] = json.loads(json.dumps(request, default=str))
    return plain


def paths_in(parameters: Mapping[str, Any]) -> set[Path]:
    """Files among parameters, some of which are tuples of files."""
    values = [v if isinstance(v, tuple) else (v,) for v in parameters.values()]
    return {item for items in values for item in items if isinstance(item, Path)}


def read_request(folder: Path) -> dict[str, Any] | None:
    """What was asked for in a folder; None if that is not known."""
    try:
        known: dict[str, Any] = json.loads((folder / REQUEST_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return known


def write_request(folder: Path, request: Mapping[str, Any]) -> None:
    """Write what was asked for, so that the file is whole when it is there."""
    text = json.dumps(request, indent=2, ensure_ascii=False)
    growing = folder / f".{REQUEST_NAME}.partial"
    growing.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    growing.replace(folder / REQUEST_NAME)


def is_done(target: Path, request: Mapping[str, Any]) -> bool:
    """Whether a folder holds all results of exactly this request."""
    files = (REQUEST_NAME, RECORD_NAME, "abundances.tif", "uncertainty.tif", "quality.tif")
    if not all((target / name).is_file() for name in files):
        return False
    return read_request(target) == request


def remove_left_overs(target: Path) -> None:
    """Remove what killed runs left beside a folder; bring back results that were being replaced.

    Each is renamed before it is removed: if a run that was taken for dead is still writing, its
    files are gone at once, and it cannot put a half of them in place.
    """
    target = target.absolute()
    if not target.parent.is_dir():
        return
    pattern = re.compile(_LEFT_OVER.format(re.escape(target.name)))
    found = [entry for entry in target.parent.iterdir() if pattern.fullmatch(entry.name)]
    for entry in sorted(found):
        if ".earlier-" in entry.name and not target.exists():
            entry.rename(target)
            continue
        dead = target.with_name(f".{target.name}.dead-{secrets.token_hex(4)}")
        try:
            entry.rename(dead)
        except FileNotFoundError:  # its run was alive, and has cleaned up
            continue
        shutil.rmtree(dead, ignore_errors=True)
