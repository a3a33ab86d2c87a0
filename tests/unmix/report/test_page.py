import json
import re
from html.parser import HTMLParser

import pytest

from unmix.errors import OutputError, UnmixError
from unmix.report.contents import read_contents
from unmix.report.page import write_report

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
VOID = {"meta", "link", "img", "br", "input"}


class Outline(HTMLParser):
    """What a page is made of."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.headings, self.ids, self.loaded = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append((tag, given))
        self.ids += [given["id"]] if "id" in given else []
        self.loaded += [given[key] for key in ("src", "href") if key in given]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def page_of(folder):
    return write_report(folder).read_text(encoding="utf-8")


def test_page_shows_every_endmember_and_its_numbers(bundle):
    page, contents = page_of(bundle), read_contents(bundle)
    for name, mean in zip(
        contents.names, contents.record["scores"]["mean_abundances"], strict=True
    ):
        assert f"Map of the fraction of {name}" in page
        assert f"{100 * mean:.1f}&nbsp;%" in page
    assert "EPSG:32611" in page
    assert contents.record["software"] in page


def test_page_is_well_formed_and_its_headings_go_down_one_by_one(bundle):
    outline = Outline(page_of(bundle))
    assert outline.open == []
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    steps = [b - a for a, b in zip(outline.headings, outline.headings[1:], strict=False)]
    assert max(steps) <= 1
    assert len(outline.ids) == len(set(outline.ids))


def test_page_loads_nothing_from_elsewhere(bundle):
    outline = Outline(page_of(bundle))
    assert {place[:5] for place in outline.loaded if not place.startswith("#")} == {"data:"}
    anchors = {place[1:] for place in outline.loaded if place.startswith("#")}
    assert anchors <= set(outline.ids)
    policy = next(given["content"] for tag, given in outline.tags if "http-equiv" in given)
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_every_picture_says_what_it_shows(bundle):
    outline = Outline(page_of(bundle))
    pictures = [given for tag, given in outline.tags if tag == "img" and "src" in given]
    assert len(pictures) == 2 + 3 + 4
    assert all(len(given["alt"]) > 20 for given in pictures)


def test_names_stay_text_whatever_they_are(bundle, renamed):
    renamed([HOSTILE, "{{ 7 * 7 }}", "a & b < c"])
    record = json.loads((bundle / "run.json").read_text())
    record["input"]["name"] = HOSTILE
    record["warnings"] = [f"`{HOSTILE}` varies"]
    (bundle / "run.json").write_text(json.dumps(record))
    page = page_of(bundle)
    outline = Outline(page)
    assert outline.open == []
    scripts = [given for tag, given in outline.tags if tag == "script"]
    assert len(scripts) == 3 + 2  # three figures, Bokeh and the page's own
    assert "onerror=alert(2)>" not in page
    assert "{{ 7 * 7 }}" in page
    assert not any("onerror" in given for _, given in outline.tags)


def test_warnings_stand_in_the_page(bundle):
    assert "Before you use these maps" not in page_of(bundle)
    record = json.loads((bundle / "run.json").read_text())
    record["warnings"] = ["endmember 2 varies; `unmix count` says more."]
    (bundle / "run.json").write_text(json.dumps(record))
    page = page_of(bundle)
    assert "Before you use these maps" in page
    assert "endmember 2 varies; <code>unmix count</code> says more." in page


def test_page_of_an_older_record_leaves_out_what_it_does_not_know(bundle):
    record = json.loads((bundle / "run.json").read_text())
    for key in ("scores", "seconds", "warnings", "created", "software"):
        record.pop(key, None)
    for key in ("stability", "n_members", "brightness_spread", "noise", "n_refits"):
        record["model"].pop(key, None)
    (bundle / "run.json").write_text(json.dumps(record))
    (bundle / "quicklook.tif").unlink()
    outline = Outline(page_of(bundle))
    assert outline.open == []
    assert sum(tag == "img" and "src" in given for tag, given in outline.tags) == 1 + 3 + 4


def test_page_shows_what_endmembers_look_like_in_a_library(matched):
    page = page_of(matched)
    outline = Outline(page)
    assert outline.open == []
    shown = [given["data-shows"] for tag, given in outline.tags if "data-shows" in given]
    assert shown[3:5] == [f"match-{k}-0 match-{k}-1 match-{k}-2" for k in range(2)]
    for text in ("sample 1-2&lt;/i&gt; &amp; more", "reason 2 &lt;b&gt;", "What they look like"):
        assert text in page
    assert "<i>sample" not in page


def test_page_without_a_library_says_nothing_of_one(bundle):
    assert "What they look like in the library" not in page_of(bundle)
    (bundle / "endmembers.json").unlink()
    assert Outline(page_of(bundle)).open == []


def test_spectra_of_other_endmembers_are_refused(matched):
    path = matched / "endmembers.json"
    known = json.loads(path.read_text())
    known["endmembers"].pop()
    path.write_text(json.dumps(known))
    with pytest.raises(UnmixError, match="does not describe the endmembers of the model"):
        page_of(matched)


def test_page_is_small(bundle):
    assert write_report(bundle).stat().st_size < 3e6


def test_a_folder_that_is_no_result_is_refused(tmp_path):
    with pytest.raises(UnmixError, match="not the result of a run"):
        write_report(tmp_path)


def test_a_page_that_cannot_be_written_is_said(bundle):
    (bundle / "report.html").unlink(missing_ok=True)
    (bundle / "report.html").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(bundle)
