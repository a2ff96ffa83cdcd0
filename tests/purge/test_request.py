"""What a purge means, and what is refused of it."""

from pathlib import Path

import pytest
from edgewright.base.errors import ProjectError
from edgewright.contract.purge import Purge, QueryKey, schemeless
from edgewright.platforms.cloudflare.purge import zone_bodies
from edgewright.purge.changed import changes, parse, write
from hypothesis import given
from hypothesis import strategies as st

SPEC = {"mode": "override", "key": {"query": "include", "query_names": ["a", "b"]}}


@pytest.mark.parametrize(
    ("purge", "message"),
    [
        (Purge(), "nothing to purge"),
        (Purge(everything=True, tags=("a",)), "--everything covers"),
        (Purge(urls=("ftp://x/",)), "must be an http:// or https:// URL"),
        (Purge(urls=("relative",)), "must be an http:// or https:// URL"),
        (Purge(urls=("/a#b",)), "without a fragment"),
        (Purge(urls=("/a b",)), "without blanks"),
        (Purge(urls=("//x",)), "begins with `//`, which names a host"),
        (Purge(prefixes=("//x",)), "begins with `//`, which names a host"),
        (Purge(urls=("http://[bad",)), r"--url 'http://\[bad': is not a URL"),
        (Purge(prefixes=("http://[b",)), "is not a URL"),
        (Purge(urls=("http://127.0.0.1:999999/x",)), "is not a URL: Port out of range"),
        (Purge(urls=("http://a@e.com/",)), "has a user name"),
        (Purge(prefixes=("/a?b=1",)), "a prefix has no query"),
        (
            Purge(prefixes=("/cat*",)),
            r"--prefix '/cat\*': a prefix has no `\*`; --prefix /cat covers /cat and /cat/\.\.\., by whole segments: give"
            r" that, or what is stored by --url or --tag",
        ),
        (Purge(prefixes=("/shop/*",)), r"--prefix /shop covers /shop and /shop/\.\.\.,"),
        (Purge(prefixes=("https://e.com/shop/*/a",)), r"--prefix https://e.com/shop covers https://e.com/shop and"),
        (Purge(prefixes=("/*",)), r"--prefix / covers every path,"),
        (Purge(tags=("a b",)), "printable ASCII"),
        (Purge(tags=("a,b",)), "printable ASCII"),
        (Purge(tags=("",)), "printable ASCII"),
        (Purge(tags=("x" * 1025,)), "printable ASCII"),
    ],
)
def test_what_is_no_purge_is_refused(purge: Purge, message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        purge.check()


def test_all_faults_are_named_together() -> None:
    with pytest.raises(ProjectError) as raised:
        Purge(urls=("x", "http://[bad", "//y"), prefixes=("y",), tags=("z z",)).check()
    assert len(raised.value.faults) == 5


@pytest.mark.parametrize(
    ("url", "spec", "expected"),
    [
        ("https://E.com:443/%7Ea/./b/../c?b=2&c=3&a=1", SPEC, "//e.com/~a/c?a=1&b=2"),
        ("http://e.com:8080?a=1", SPEC, "//e.com:8080/?a=1"),
        ("https://e.com/x;y//z?b=1;2", SPEC, "//e.com/x%3By/z?b=1%3B2"),
        ("https://e.com/?b=1&a=1", {"mode": "origin", "key": {"query": "all"}}, "//e.com/?b=1&a=1"),
        ("https://e.com/?a=1", {"mode": "override", "key": {"query": "none"}}, "//e.com/"),
        ("https://e.com/?a=1&z=1", {"key": {"query": "exclude", "query_names": ["a"]}}, "//e.com/?z=1"),
        ("https://[::1]/", SPEC, "//[::1]/"),
    ],
)
def test_a_url_in_the_form_that_entries_have(url: str, spec: dict[str, object], expected: str) -> None:
    assert schemeless(url, QueryKey.of(spec)) == expected


@given(
    st.builds(
        Purge,
        st.lists(st.sampled_from([f"https://e.com/{n}" for n in range(99)]), max_size=30, unique=True).map(tuple),
        st.just(()),
        st.lists(st.text("abc", min_size=1, max_size=9), max_size=30, unique=True).map(tuple),
    ),
    st.integers(1, 20),
)
def test_batches_are_the_whole_and_no_larger_than_allowed(purge: Purge, size: int) -> None:
    parts = list(purge.batches(size))
    assert all(1 <= len(part.urls) + len(part.tags) <= size for part in parts)
    assert tuple(url for part in parts for url in part.urls) == purge.urls
    assert tuple(tag for part in parts for tag in part.tags) == purge.tags
    assert sum(len(zone_bodies(part)) for part in parts) <= 2 * len(parts)


def test_a_folder_and_what_changed_in_it(tmp_path: Path) -> None:
    folder, record = tmp_path / "dist", tmp_path / "record.json"
    (folder / "sub").mkdir(parents=True)
    (folder / "index.html").write_text("1")
    (folder / "sub" / "a b.css").write_text("1")
    first = changes(folder, "/s", record)
    assert (first.first, first.paths) == (True, ("/s/", "/s/index.html", "/s/sub/a%20b.css"))
    write(record, first, "/s")
    assert changes(folder, "/s", record).paths == ()
    # Another prefix in the same record is kept apart.
    other = changes(folder, "/t", record)
    assert len(other.paths) == 3
    write(record, other, "/t")
    assert changes(folder, "/s", record).paths == ()
    (folder / "index.html").unlink()
    (folder / "new.js").write_text("1")
    assert changes(folder, "/s", record).paths == ("/s/", "/s/index.html", "/s/new.js")
    record.write_text("[]")
    with pytest.raises(ProjectError, match="is not a record"):
        changes(folder, "/s", record)
    with pytest.raises(ProjectError, match="there is no folder"):
        parse("none=/x")
    with pytest.raises(ProjectError, match="must begin with `/`"):
        parse(f"{folder}=x")
