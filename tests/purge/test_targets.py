"""The form of a path and query, which requests get at the edge and purges get here: one rule, in two languages."""

import json
import random
import subprocess
from pathlib import Path

import pytest
from edgewright.assemble.node import find_node
from edgewright.contract.purge import Purge, QueryKey, never, schemeless
from edgewright.contract.purge_targets import BadTarget, parsed_path, parsed_query, strict_path, strict_query

ROOT = Path(__file__).parents[2]
TABLE = json.loads((ROOT / "tests" / "golden" / "targets.json").read_text(encoding="utf-8"))

# What attacks, and careless people, make paths of.
PIECES = [
    "/",
    "//",
    ".",
    "..",
    ";",
    "..;",
    "%",
    "%2e",
    "%2E",
    "%2f",
    "%5c",
    "%25",
    "%252e",
    "%00",
    "%7F",
    "%3b",
    "%41",
    "%c3%a9",
    "%C3",
    "%a9",
    "%ff",
    "%ed%a0%80",
    "%c0%af",
    "%32",
    "%66",
    "%zz",
    "a",
    "b",
    "A",
    "1",
    "0",
    "2",
    "f",
    "e",
    "~",
    "_",
    "-",
    ":",
    "@",
    "!",
    "$",
    "&",
    "'",
    "(",
    ")",
    "*",
    "+",
    ",",
    "=",
    "é",
    "漢",
    "😀",
    "|",
    "^",
    "`",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    '"',
    "\\",
    "\x7f",
    "\x80",
    "\u2028",
]


def strict(sent: str) -> str | None:
    path, _, query = sent.partition("?")
    try:
        path = strict_path(path)
    except BadTarget:
        return None
    return f"{path}?{parsed_query(strict_query(query))}" if query else path


def as_sent(sent: str) -> str:
    path, mark, query = sent.partition("?")
    return parsed_path(path) + mark + parsed_query(query)


@pytest.mark.parametrize("case", TABLE, ids=[case["sent"] for case in TABLE])
def test_the_table_that_the_edge_is_held_to_as_well(case: dict[str, str | None]) -> None:
    sent = str(case["sent"])
    assert (strict(sent), as_sent(sent)) == (case["strict"], case["as_sent"])


def test_random_paths_are_read_as_the_edge_reads_them(tmp_path: Path) -> None:
    """Node runs the edge's own source, and its URL parser."""
    chance = random.Random(4)
    paths = ["/" + "".join(chance.choices(PIECES, k=chance.randrange(8))) for _ in range(5000)]
    program = tmp_path / "read.mjs"
    program.write_text(
        f"""import {{ readFileSync }} from "node:fs";
const {{ normalizePath }} = await import({json.dumps((ROOT / "edge" / "src" / "core" / "path.ts").as_uri())});
const told = (path) => {{
  try {{ return [normalizePath(path), null]; }} catch (error) {{ return [null, error.message]; }}
}};
const read = (path) => [...told(path), new URL("http://h" + path).pathname, new URL("http://h/?" + path).search.slice(1)];
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(read)));
""",
        encoding="utf-8",
    )
    done = subprocess.run(
        [find_node().executable, "--experimental-strip-types", "--disable-warning=ExperimentalWarning", program],
        input=json.dumps(paths),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    def told(path: str) -> tuple[str | None, str | None]:
        try:
            return strict_path(path), None
        except BadTarget as error:
            return None, str(error)

    mine = [[*told(path), parsed_path(path), parsed_query(path)] for path in paths]
    different = [row for row in zip(paths, json.loads(done.stdout), mine, strict=True) if row[1] != row[2]]
    assert different == []
    assert sum(row[0] is None for row in mine) > 500


def test_a_marker_has_the_form_that_requests_get() -> None:
    purge = Purge(urls=("https://e.com/a;b//c?x=1;y",), prefixes=("/p;q//r", "https://E.com/%61|"))
    assert [marker["value"] for marker in purge.markers(1, [])] == [
        "//e.com/a%3Bb/c?x=1%3By",
        "/p%3Bq/r",
        "//e.com/a%7C",
    ]
    assert [marker["value"] for marker in purge.markers(1, [QueryKey()], as_sent=True)] == [
        "//e.com/a;b//c?x=1;y",
        "/p;q//r",
        "//e.com/%61|",
    ]
    # Some runtimes hand on what was sent, others what a parser made of it.
    twice = Purge(urls=("https://e.com/a//../b",)).markers(1, [])
    assert [marker["value"] for marker in twice] == ["//e.com/b", "//e.com/a/b"]
    assert schemeless("https://e.com/a?", None, as_sent=True) == "//e.com/a?"


def test_what_a_function_can_never_serve_is_told_with_why() -> None:
    assert never("https://e.com/a%2Fb", as_sent=False) is not None
    assert never("https://e.com/a%2Fb", as_sent=True) is None
    purge = Purge(urls=("/a%2Fb", "/a;b"), prefixes=("/%zz", "/c"))
    assert purge.served(as_sent=False) == Purge(urls=("/a;b",), prefixes=("/c",))
    assert purge.served(as_sent=True) == purge


def test_a_cache_that_keeps_urls_as_sent_is_told_of_both_spellings() -> None:
    purge = Purge(urls=("https://e.com/a;b?c;d", "/plain", "/a%2Fb"), prefixes=("/p//q",)).spelled()
    assert purge.urls == ("https://e.com/a;b?c;d", "https://e.com/a%3Bb?c%3Bd", "/plain", "/a%2Fb")
    assert purge.prefixes == ("/p//q", "/p/q")
