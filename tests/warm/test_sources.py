"""Lists, sitemaps and logs, good and hostile."""

import json
from pathlib import Path

import pytest
from edgewright.base.errors import ProjectError
from edgewright.warm.sources import (
    MOST_PAGES,
    Page,
    is_sitemap,
    page_of,
    parse_list,
    parse_sitemap,
    sitemap_pages,
    traffic_pages,
)
from hypothesis import given
from hypothesis import strategies as st

NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urlset(*urls: str) -> bytes:
    return f"<urlset {NAMESPACE}>{''.join(f'<url><loc>{url}</loc></url>' for url in urls)}</urlset>".encode()


def index(*urls: str) -> bytes:
    inside = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls)
    return f'<?xml version="1.0" encoding="UTF-8"?><sitemapindex {NAMESPACE}>{inside}</sitemapindex>'.encode()


def no_fetch(url: str) -> bytes:
    raise AssertionError(url)


def test_a_list_has_a_page_a_line() -> None:
    text = "\ufeff# pages\n/a?b=1\r\n\n  https://www.example.com/c \n/a?b=1\n/ä\n".encode()
    assert parse_list(text, "list") == [
        Page(None, "/a?b=1"),
        Page("www.example.com", "/c"),
        Page(None, "/%C3%A4"),
    ]


def test_every_bad_line_is_named() -> None:
    with pytest.raises(ProjectError) as raised:
        parse_list(b"/good\nbad\n//host/x\nftp://x/\n/a b\n/\\evil\n/x\x00\n", "list")
    assert [fault.text.split(" ", 1)[0] for fault in raised.value.faults] == [f"list:{n}:" for n in (2, 3, 4, 5, 6, 7)]
    with pytest.raises(ProjectError, match="not UTF-8"):
        parse_list(b"/\xff\xfe", "list")
    with pytest.raises(ProjectError, match=f"more than {MOST_PAGES} pages"):
        parse_list("\n".join(f"/{n}" for n in range(MOST_PAGES + 2)).encode(), "list")


@given(st.text(max_size=60))
def test_a_page_is_refused_or_can_be_asked_for(text: str) -> None:
    try:
        page = page_of(text, "here")
    except ProjectError:
        return
    assert page.path.startswith("/")
    assert page.path.isascii()
    assert not any(character.isspace() for character in page.path)


def test_a_sitemap_and_those_that_an_index_names() -> None:
    maps = {
        "https://e.com/1.xml": urlset("https://e.com/a", "https://e.com/b?x=1&amp;y=2"),
        "https://e.com/2.xml": urlset("https://e.com/a"),
    }
    pages = sitemap_pages(index(*maps, "https://e.com/1.xml"), "index", lambda url: maps.pop(url))
    assert pages == [Page("e.com", "/a"), Page("e.com", "/b?x=1&y=2")]
    assert maps == {}


def test_only_the_pages_own_addresses_count() -> None:
    text = f'<urlset {NAMESPACE} xmlns:i="i"><url><loc> https://e.com/a </loc><i:image><i:loc>https://e.com/p.png</i:loc></i:image></url></urlset>'
    assert parse_sitemap(text.encode(), "map").pages == ["https://e.com/a"]


BOMB = '<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>'
FILE = '<!DOCTYPE urlset [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>&x;</loc></url></urlset>'
OUTSIDE = '<!DOCTYPE urlset SYSTEM "http://127.0.0.1:9/x.dtd"><urlset/>'


@pytest.mark.parametrize("text", [BOMB, FILE, OUTSIDE])
def test_document_types_and_entities_are_refused(text: str) -> None:
    with pytest.raises(ProjectError, match="document type or entity is not allowed"):
        parse_sitemap(text.encode(), "map")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html><body/></html>", "<html> is not a sitemap"),
        ("<urlset><url>", "is not XML"),
        ("<urlset>" + "<a>" * 20, "too deep"),
        (f"<urlset><url><loc>{'x' * 9000}</loc></url></urlset>", "longer than"),
        ("<urlset><url><loc>&nothing;</loc></url></urlset>", "is not XML"),
    ],
)
def test_what_is_no_sitemap_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        parse_sitemap(text.encode(), "map")


def test_an_index_without_end_is_refused() -> None:
    with pytest.raises(ProjectError, match="deeper than 2"):
        sitemap_pages(index("https://e.com/0"), "map", lambda url: index(f"https://e.com/{int(url[-1]) + 1}"))
    with pytest.raises(ProjectError, match="or 200 sitemaps"):
        sitemap_pages(index(*(f"https://e.com/{n}" for n in range(300))), "map", no_fetch)


def test_a_sitemap_is_told_from_a_list() -> None:
    assert is_sitemap(b"\xef\xbb\xbf \n<urlset/>")
    assert not is_sitemap(b"/a\n<b>")
    assert not is_sitemap(b"")


def test_the_last_traffic_comes_in_the_order_of_its_weight(tmp_path: Path) -> None:
    log = tmp_path / "gateway.ndjson"

    def entry(path: str, method: str = "GET", status: int = 200, source: str = "request") -> str:
        return json.dumps({"source": source, "method": method, "status": status, "url": f"http://e.com{path}"})

    lines = [entry("/a"), entry("/b"), entry("/b", "HEAD"), entry("/c", "POST"), entry("/d", status=404)]
    log.write_text("\n".join([*lines, '{"source":"request"', entry("/e", source="gateway"), ""]))
    assert traffic_pages(log, 10) == [Page("e.com", "/b"), Page("e.com", "/a")]
    assert traffic_pages(log, 1) == [Page("e.com", "/b")]
    (tmp_path / "empty").write_text("")
    with pytest.raises(ProjectError, match="no request that was answered well"):
        traffic_pages(tmp_path / "empty", 1)
    with pytest.raises(ProjectError, match="there is no log"):
        traffic_pages(tmp_path / "none", 1)
