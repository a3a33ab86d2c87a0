"""Set everything up in a virtual environment beside the sources, and use it.

python scripts/bootstrap.py demo     set up, then unmix the demo scene into demo/
python scripts/bootstrap.py test     set up, then run the tests
python scripts/bootstrap.py check    set up, then run the linters and the type checker
python scripts/bootstrap.py docs     set up, then build the documentation site into build/site

With --group browser before the job, the tests also look at the report in Chromium if there is one.

Needs nothing but Python 3.11 or later, on Linux, macOS or Windows. The environment (.venv) is made
once and made anew when pyproject.toml or constraints.txt change.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv"
CONSTRAINTS = ROOT / "constraints.txt"
STAMP = ENVIRONMENT / "set-up-for.txt"
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
)


def main(arguments: list[str]) -> int:
    """Set up and run one job; its exit code is ours."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("job", choices=tuple(JOBS))
    parser.add_argument(
        "--group", action="append", default=[], help="a further dependency group of pyproject.toml"
    )
    parser.add_argument("more", nargs="*", help="passed on to the job, after --")
    chosen = parser.parse_args(arguments)
    if sys.version_info < (3, 11):  # noqa: UP036  # any Python may be asked to set up
        parser.error(f"unmix needs Python 3.11 or later; this is {sys.version.split()[0]}.")
    python = set_up([*chosen.group, *NEEDS.get(chosen.job, ())])
    return JOBS[chosen.job](python, chosen.more)


def set_up(groups: list[str]) -> Path:
    """Make the environment unless it is there and current; its Python is returned."""
    python = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = _wanted()
    done = STAMP.read_text(encoding="utf-8").split() if STAMP.is_file() else []
    if done[:1] != [wanted]:
        say(f"setting up {ENVIRONMENT} (a few minutes, once)")
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        pip(python, "pip>=25.1")  # the first that installs dependency groups
        pip(python, "-c", str(CONSTRAINTS), "torch")  # first, so that nothing pulls another build
        pip(python, "-c", str(CONSTRAINTS), "-e", str(ROOT), *_group("test"))
        done = [wanted]
    for group in set(groups) - set(done):
        pip(python, "-c", str(CONSTRAINTS), *_group(group))
        done.append(group)
    STAMP.write_text("\n".join(done), encoding="utf-8")
    return python


def demo(python: Path, more: list[str]) -> int:
    """The main job on a simulated scene."""
    out = ["-o", str(ROOT / "demo"), "--overwrite"]
    return run(python, "-m", "unmix", "demo", *out, *more)


def test(python: Path, more: list[str]) -> int:
    """All tests but the slow ones, one process a core, file by file."""
    return run(python, "-m", "pytest", "-n", "auto", "--dist", "loadfile", *more)


def check(python: Path, more: list[str]) -> int:
    """Linters and types; every one is run, whatever the others say."""
    return max([run(python, "-m", *command, *more) for command in CHECKS])


def docs(python: Path, more: list[str]) -> int:
    """The site of docs/, in build/site."""
    return run(python, "-m", "mkdocs", "build", "--strict", *more)


JOBS = {"demo": demo, "test": test, "check": check, "docs": docs}
NEEDS = {"docs": ("docs",)}
"""Dependency groups of jobs, beside the one of the tests."""


def run(python: Path, *command: str) -> int:
    """Run a command of the environment in the project's folder."""
    return subprocess.run([str(python), *command], cwd=ROOT, check=False).returncode


def pip(python: Path, *packages: str) -> None:
    """Install packages into the environment."""
    code = run(python, "-m", "pip", "install", "--quiet", *packages)
    if code:
        sys.exit(f"Installing {packages[-1]} failed. The messages above say why; try again online.")


def say(text: str) -> None:
    """Talk goes to stderr."""
    print(text, file=sys.stderr, flush=True)


def _group(name: str) -> tuple[str, str]:
    """What pip wants to be told of a dependency group."""
    return "--group", f"{ROOT / 'pyproject.toml'}:{name}"


def _wanted() -> str:
    """What the environment depends on, in short."""
    parts = [sys.version, str(ROOT)]
    parts += [(ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
