"""Who may import whom, and what no file may be; each rule is shown to be able to fail."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("scenes", "unmix")

TOUCH_SCENES = (
    "unmix.pipeline",
    "unmix.batch",
    "unmix.bundle",
    "unmix.many",
    "unmix.mapping",
    "unmix.cli",
    "unmix.report",
    "unmix.simulation.contents",
    "unmix.simulation.demo",
    "unmix.simulation.drawn",
    "unmix.simulation.truth",
    "unmix.simulation.write",
    "unmix.workers",
)
"""Modules, or packages of them, that know that scenes are files; all others take tensors."""

AUTOENCODER = (
    ("settings", "adam", "encoder", "decoder", "loss", "darkness"),
    ("model", "coreset", "starts"),
    ("training", "rare", "chart"),
    ("refine", "volume"),
    ("light", "relax"),
    ("fit",),
)
"""From the ground up: a module imports only from the floors below its own."""
AUTOENCODER_LIBRARIES = {
    "__future__",
    "collections",
    "contextlib",
    "dataclasses",
    "functools",
    "math",
    "numpy",
    "scipy",
    "torch",
    "typing",
    "unmix",
}
SCIENCE = (
    "unmix.abundances",
    "unmix.brightness",
    "unmix.endmembers",
    "unmix.errors",
    "unmix.metrics",
    "unmix.products",
    "unmix.quadratic",
)
"""All of unmix that the autoencoder may use beside itself."""

MAY_IMPORT_FIT = ("unmix.autoencoder", "unmix.count", "unmix.unmixer")
FORBIDDEN_NAMES = ("utils", "util", "common", "base", "helpers", "misc")
MAX_LINES = 350
UNSAFE_MODULES = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")
UNSAFE_CALLS = ("torch.load", "torch.save", "numpy.load", "np.load")


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def module_of(path: Path, root: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, root: Path) -> set[str]:
    """Every module that a file imports, anywhere in it, as dotted names of what is imported.

    ``from a.b import c`` counts as ``a.b.c``, which matches the rules for ``a.b`` too.
    """
    found = set()
    for node in ast.walk(parsed(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            relative = node.level > (path.parent.name == "qgis_plugin")  # copied under another name
            assert not relative, f"{path}:{node.lineno} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_module":
            found |= {a.value for a in node.args if isinstance(a, ast.Constant)}
    return found


def within(name: str, *packages: str) -> bool:
    """Whether a dotted name is one of the packages or inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def files(root: Path) -> list[Path]:
    return sorted(path for package in PACKAGES for path in (root / package).rglob("*.py"))


def arrows_from_scenes_to_unmix(root: Path) -> list[str]:
    return [
        f"{module_of(path, root)} imports {name}"
        for path in sorted((root / "scenes").rglob("*.py"))
        for name in imports_of(path, root)
        if within(name, "unmix")
    ]


def science_that_touches_scenes(root: Path) -> list[str]:
    return [
        f"{module_of(path, root)} imports {name}"
        for path in sorted((root / "unmix").rglob("*.py"))
        for name in imports_of(path, root)
        if within(name, "scenes") and not within(module_of(path, root), *TOUCH_SCENES)
    ]


def arrows_up_in_the_autoencoder(root: Path) -> list[str]:
    floors = {name: k for k, floor in enumerate(AUTOENCODER) for name in floor}
    wrong = []
    for path in sorted((root / "unmix" / "autoencoder").glob("*.py")):
        if path.stem == "__init__":
            continue
        if path.stem not in floors:
            wrong.append(f"{path.stem} has no place among the floors of the autoencoder")
            continue
        for name in imports_of(path, root):
            if name.partition(".")[0] not in AUTOENCODER_LIBRARIES:
                wrong.append(f"{path.stem} imports {name}")
            elif within(name, "unmix.autoencoder"):
                below = name.split(".")[2]
                if floors.get(below, len(floors)) >= floors[path.stem]:
                    wrong.append(f"{path.stem} imports {below}, which is not below it")
            elif within(name, "unmix") and not within(name, *SCIENCE):
                wrong.append(f"{path.stem} imports {name}")
    return wrong


def importers_of_fit(root: Path) -> list[str]:
    return [
        module_of(path, root)
        for path in sorted((root / "unmix").rglob("*.py"))
        if module_of(path, root) not in MAY_IMPORT_FIT
        and any(within(name, "unmix.autoencoder.fit") for name in imports_of(path, root))
    ]


def circles(root: Path) -> list[str]:
    """Modules that import themselves in the end; imports inside functions do not count."""
    paths = {module_of(path, root): path for path in files(root)}
    arrows = {}
    for module, path in paths.items():
        tree = parsed(path.read_text(encoding="utf-8"))
        top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
        for node in top:
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    names.add(full if full in paths else str(node.module))
        arrows[module] = names & set(paths)
    return sorted(module for module in arrows if module in _reachable(arrows, module))


def _reachable(arrows: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = set(arrows[start])
    while todo:
        module = todo.pop()
        seen.add(module)
        todo |= arrows[module] - seen
    return seen


def badly_named_files(root: Path) -> list[str]:
    return [
        str(place)
        for place in (path.relative_to(root) for path in files(root))
        if not set(place.with_suffix("").parts).isdisjoint(FORBIDDEN_NAMES)
    ]


def files_too_long(root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)} has {n} lines"
        for path in files(root)
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    ]


def unsafe_readers(root: Path) -> list[str]:
    """What could run a stranger's code: pickles, under any name."""
    wrong = []
    for path in files(root):
        place = path.relative_to(root)
        wrong += [f"{place}: {n}" for n in imports_of(path, root) if within(n, *UNSAFE_MODULES)]
        for node in ast.walk(parsed(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in UNSAFE_CALLS:
                wrong.append(f"{place}:{node.lineno}: {ast.unparse(node)}")
            elif isinstance(node, ast.ImportFrom) and node.module == "torch":
                wrong += [f"{place}: {a.name}" for a in node.names if a.name in ("load", "save")]
    return wrong


RULES = {
    "scenes never imports unmix": arrows_from_scenes_to_unmix,
    "science takes tensors": science_that_touches_scenes,
    "imports in the autoencoder run one way": arrows_up_in_the_autoencoder,
    "only the estimator fits": importers_of_fit,
    "there are no circles": circles,
    "names say what is inside": badly_named_files,
    "files are short": files_too_long,
    "nothing is unpickled": unsafe_readers,
}

PLANTS = [
    ("scenes never imports unmix", "scenes/bad.py", "import unmix"),
    ("scenes never imports unmix", "scenes/formats/bad.py", "from unmix.errors import UnmixError"),
    ("scenes never imports unmix", "scenes/bad.py", "def f():\n    import unmix.metrics as m"),
    ("science takes tensors", "unmix/metrics.py", "from scenes import Scene"),
    ("science takes tensors", "unmix/autoencoder/fit.py", "import scenes.grid"),
    ("science takes tensors", "unmix/simulation/noise.py", "def f():\n    from scenes import Grid"),
    (
        "science takes tensors",
        "unmix/bad.py",
        "from importlib import import_module\nimport_module('scenes.grid')",
    ),
    (
        "imports in the autoencoder run one way",
        "unmix/autoencoder/loss.py",
        "from unmix.autoencoder.training import train",
    ),
    (
        "imports in the autoencoder run one way",
        "unmix/autoencoder/model.py",
        "from unmix.autoencoder import fit",
    ),
    (
        "imports in the autoencoder run one way",
        "unmix/autoencoder/encoder.py",
        "from unmix.autoencoder.decoder import LinearDecoder",
    ),
    (
        "imports in the autoencoder run one way",
        "unmix/autoencoder/model.py",
        "from unmix.autoencoder import SparseCodingEncoder",
    ),
    (
        "imports in the autoencoder run one way",
        "unmix/autoencoder/training.py",
        "from unmix.unmixer import Unmixer",
    ),
    ("imports in the autoencoder run one way", "unmix/autoencoder/fit.py", "import rasterio"),
    ("imports in the autoencoder run one way", "unmix/autoencoder/new.py", "import torch"),
    (
        "only the estimator fits",
        "unmix/metrics.py",
        "from unmix.autoencoder.fit import fit_endmembers",
    ),
    ("there are no circles", "unmix/errors.py", "from unmix.metrics import rmse"),
    ("there are no circles", "scenes/grid.py", "import scenes.scene"),
    ("names say what is inside", "scenes/utils.py", ""),
    ("names say what is inside", "unmix/report/common.py", ""),
    ("names say what is inside", "unmix/autoencoder/base.py", ""),
    ("names say what is inside", "unmix/helpers/masks.py", ""),
    ("files are short", "unmix/long.py", "x = 1\n" * 351),
    ("nothing is unpickled", "unmix/bad.py", "import pickle"),
    ("nothing is unpickled", "scenes/bad.py", "from joblib import load"),
    ("nothing is unpickled", "unmix/bad.py", "import torch\nmodel = torch.load('x')"),
    ("nothing is unpickled", "unmix/bad.py", "from torch import load as read"),
    ("nothing is unpickled", "scenes/bad.py", "import numpy as np\nx = np.load('x.npy')"),
]


@pytest.fixture
def copied(tmp_path):
    """A copy of the packages, to plant something in."""
    for path in files(ROOT):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return tmp_path


@pytest.mark.parametrize("rule", RULES)
def test_the_packages_keep_the_rule(rule):
    assert RULES[rule](ROOT) == []


@pytest.mark.parametrize(("rule", "place", "text"), PLANTS)
def test_a_planted_breach_is_caught(copied, rule, place, text):
    target = copied / place
    target.parent.mkdir(exist_ok=True)
    before = target.read_text(encoding="utf-8") if target.exists() else ""
    target.write_text(f"{before}\n{text}\n", encoding="utf-8")
    caught = RULES[rule](copied)
    assert len(caught) >= 1
    assert target.stem in str(caught)


def test_every_rule_has_a_breach_planted():
    assert {rule for rule, _, _ in PLANTS} == set(RULES)


def test_the_rules_look_at_the_packages():
    """Not at an empty folder."""
    found = {module_of(path, ROOT) for path in files(ROOT)}
    assert {"scenes.scene", "unmix", "unmix.autoencoder.fit", "unmix.metrics"} <= found
    assert "scenes" in {
        name.partition(".")[0] for name in imports_of(ROOT / "unmix/pipeline.py", ROOT)
    }


def test_relative_imports_are_refused(tmp_path):
    (tmp_path / "bad.py").write_text("from . import errors")
    with pytest.raises(AssertionError, match="imports relatively"):
        imports_of(tmp_path / "bad.py", tmp_path)


def test_names_that_begin_alike_are_not_the_same():
    assert within("scenes.grid", "scenes")
    assert within("scenes", "scenes")
    assert not within("scenes_extra.grid", "scenes")
    assert not within("unmixer", "unmix")
