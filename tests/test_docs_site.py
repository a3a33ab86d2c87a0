"""The site of docs/: built strictly, complete, without dead links, and silent when it is opened.

Needs the dependency group `docs`; the browser of the last tests, the group `browser`.
"""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from html.parser import HTMLParser
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

import scenes
import unmix
from unmix.cli import COMMANDS

ROOT = Path(__file__).parents[1]
TOOLS = ("mkdocs", "material", "mkdocstrings_handlers.python")
CLICKED = {("a", "href"), ("form", "action")}
"""Addresses of a page that nothing is fetched from until somebody clicks."""
SITE = "http://site/"


class Page(HTMLParser):
    """Addresses and anchors of a page."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.fetched = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif name in ("href", "src", "action", "srcset", "poster", "data") and value:
                (self.links if (tag, name) in CLICKED else self.fetched).append(value)


def is_elsewhere(address):
    return bool(urlsplit(address).netloc) and not address.startswith(SITE)


def fetched_elsewhere(html="", css=""):
    """What a page, or a style sheet, gets from another place when it is opened."""
    imported = re.findall(r"""@import\s*["']([^"']+)""", css)
    asked = [*Page(html).fetched, *re.findall(r"""url\(["']?([^"')]+)""", css), *imported]
    return [address for address in asked if is_elsewhere(urljoin(SITE, address))]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the site, and what was said while it was built."""
    for tool in TOOLS:
        if find_spec(tool.partition(".")[0]) is None or find_spec(tool) is None:
            pytest.skip(f"{tool} is not installed; pip install --group docs")
    folder = tmp_path_factory.mktemp("built") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, done.stderr


@pytest.fixture(scope="module")
def pages(built):
    """Every page of the site by its path."""
    folder = built[0]
    found = folder.rglob("*.html")
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in found}


@pytest.fixture(scope="module")
def names(pages):
    """Anchors of the pages about Python."""
    described = ("reference/unmix.html", "reference/scenes.html", "reference/parts.html")
    return set().union(*(Page(pages[path]).anchors for path in described))


def test_site_is_built_without_a_warning(built):
    assert "WARNING" not in built[1]
    assert "not included in the" not in built[1]


def test_every_document_is_a_page(pages):
    documents = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    assert {path.with_suffix(".html").as_posix() for path in documents} == set(pages) - {"404.html"}


def test_every_command_is_in_the_reference(pages):
    assert {f"unmix-{name}" for name in COMMANDS} <= Page(pages["reference/commands.html"]).anchors


@pytest.mark.parametrize("face", [scenes, unmix], ids=lambda face: face.__name__)
def test_every_name_of_a_face_is_in_the_reference(face, names):
    assert {f"{face.__name__}.{name}" for name in face.__all__} <= names


def test_every_public_class_and_function_is_in_the_reference(names, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    for package, public in import_module("docs_hooks").packages().items():
        module = import_module(package)
        for name in public:
            if getattr(getattr(module, name), "__module__", "").startswith(("scenes.", "unmix.")):
                assert {f"{package}.{name}", f"{package}.{name}.{name}"} & names


def test_links_within_the_site_lead_somewhere(pages, built):
    anchors = {path: Page(text).anchors for path, text in pages.items()}
    for path, text in pages.items():
        page = Page(text)
        for address in {urljoin(SITE + path, link) for link in page.links + page.fetched}:
            target, place = urlsplit(address), unquote(urlsplit(address).path).lstrip("/")
            if not address.startswith(SITE) or path == "404.html":
                continue
            place = f"{place}index.html" if place.endswith("/") or not place else place
            assert (built[0] / place).is_file(), f"{path}: {address}"
            if target.fragment and place in anchors:
                fragment = unquote(target.fragment)
                assert fragment.startswith("__") or fragment in anchors[place], f"{path}: {address}"


def test_pages_and_styles_ask_nothing_of_other_places(pages, built):
    for path, text in pages.items():
        assert fetched_elsewhere(html=text) == [], path
    for style in built[0].rglob("*.css"):
        assert fetched_elsewhere(css=style.read_text("utf-8")) == [], style.name


def test_what_is_asked_of_other_places_is_found():
    asked = "https://fonts.example/a.css"
    assert fetched_elsewhere(html=f'<link href="{asked}"><a href="{asked}">a</a>') == [asked]
    assert fetched_elsewhere(html='<script src="//cdn.example/x.js"></script>') != []
    assert fetched_elsewhere(html='<img src="images/demo.png">') == []
    assert fetched_elsewhere(css=f"@import '{asked}'; a {{ color: red }}") == [asked]
    assert fetched_elsewhere(css="a { background: url(https://x.example/y.png) }") != []


class Silent(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_):
        pass


@pytest.fixture
def served(built):
    """Address of the site on this machine."""
    handler = functools.partial(Silent, directory=str(built[0]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_asks_only_this_machine(served, width):
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        installed = shutil.which("chromium") or started.chromium.executable_path
        if not Path(installed).is_file():
            pytest.skip("no Chromium is installed")
        browser = started.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        page, asked, trouble = browser.new_page(viewport={"width": width, "height": 800}), [], []
        page.on("request", lambda made: asked.append(made.url))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        for path in ("index.html", "reference/commands.html", "accuracy.html"):
            page.goto(served + path, wait_until="networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
    assert [url for url in asked if not url.startswith((served, "data:"))] == []
    assert trouble == []
