"""Pictures for the docs: the demo's report in Chromium, and its maps in QGIS.

python scripts/take_screenshots.py [--bundle FOLDER]

Without a bundle the demo is run first. Needs the dependency group `browser`, Chromium, and QGIS
with its Python modules. Writes docs/images/report.webp and docs/images/qgis.webp.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
RENDERER = Path(__file__).with_name("render_in_qgis.py")
QGIS_PYTHON = "/usr/bin/python3"
QUALITY = 88
"""Of WebP: the pictures are a tenth as large as PNG files and look the same."""


def main(arguments: list[str]) -> None:
    """Take both pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bundle", type=Path, help="what `unmix run --split` wrote")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        bundle = chosen.bundle or demo_bundle(Path(folder))
        for name, shoot in {"report": shoot_report, "qgis": shoot_qgis}.items():
            raw, target = Path(folder) / f"{name}.png", IMAGES / f"{name}.webp"
            shoot(bundle.absolute(), raw)
            with Image.open(raw) as picture:
                picture.save(target, quality=QUALITY, method=6)
            print(f"{target}: {target.stat().st_size / 1000:.0f} kB")


def demo_bundle(folder: Path) -> Path:
    """Simulate the demo's scene and unmix it, named after its own materials; the folder of maps."""
    from unmix.simulation import demo_simulation
    from unmix.simulation.write import write_simulated_scene

    written = write_simulated_scene(demo_simulation(0), folder / "demo.hdr")
    words = ["-n", "6", "--split", "--library", str(written.library), "-o", str(folder / "maps")]
    command = [sys.executable, "-m", "unmix", "run", str(written.scene), *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "maps"


def shoot_report(bundle: Path, picture: Path) -> None:
    """The first screens of the report, on a desktop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        program = shutil.which("chromium") or started.chromium.executable_path
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 1500})
        page.goto((bundle / "report.html").as_uri())
        page.wait_for_selector("html[data-drawn]", state="attached")
        page.screenshot(path=picture)
        browser.close()


def shoot_qgis(bundle: Path, picture: Path) -> None:
    """The maps as QGIS draws them with the styles that lie beside them."""
    done = subprocess.run([QGIS_PYTHON, str(RENDERER), str(bundle), str(picture)], check=False)
    if not picture.is_file():
        sys.exit(f"QGIS drew nothing (exit code {done.returncode}).")


if __name__ == "__main__":
    main(sys.argv[1:])
