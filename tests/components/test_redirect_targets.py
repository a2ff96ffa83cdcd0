"""Where a redirect may lead: what its `*` takes is the client's word, and never names a host."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from edgewright import EdgeApi, GeoRouter

from tests.components.program import faults_of, run, texts

ALLOWED = "Allowed: /new, /new/* or https://..."


def program(path: str, to: str) -> Any:
    def declared() -> None:
        router = GeoRouter("o", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
        given: Any = {
            "host": "cloudfront",
            "endpoints": [{"path": "/api", "origin": router.routing}],
            "redirects": [{"path": path, "to": to}],
        }
        EdgeApi("api", given)

    return declared


@pytest.mark.parametrize(
    "to",
    [
        "https://new.example.com*",
        "https://new.example.com:8443*",
        "https://user@new.example.com*",
        "https://*",
        "http://*",
        "https://new.example.com?q=*",
        "https://new.example.com#*",
        "https://new.example.com/?q=*",
        "https://new.example.com/#*",
        "/new?to=*",
        "/new#*",
        "//new.example.com/*",
        "//new.example.com*",
        "///new.example.com",
        "/\\new.example.com/*",
        "\\/new.example.com/*",
        "https:\\\\new.example.com/*",
        "https://new.example.com\\*",
        "https://new.example.com\\.evil.example/*",
        "https://user@new.example.com/*",
        "https://user:word@new.example.com/",
        "https:/new.example.com/*",
        "https:new.example.com/*",
        "HTTPS://new.example.com*",
        "javascript://new.example.com/*",
        "ftp://new.example.com/*",
        "https://new.example.com/*/x",
        "https://*.example.com/",
        "https://*.example.com/*",
        "https://new_example.com/*",
        "https://new.example.com:0/*",
        "https://new.example.com:99999/*",
        "https://[::1/*",
        "https://",
        "new/*",
        "*",
        "",
        "/new page",
        "/new\r\nSet-Cookie: a=b",
        "/\t/evil.example",
        "https://new.example.com/\x00*",
        "/größe",
    ],
)
def test_a_target_that_a_path_could_turn_elsewhere_is_refused(to: str) -> None:
    (fault,) = faults_of(program("/bad/*", to))
    assert fault.startswith("redirects[0].to: ")


def test_the_fault_says_what_would_happen_and_what_to_write() -> None:
    assert faults_of(program("/bad/*", "https://new.example.com*")) == [
        "redirects[0].to: 'https://new.example.com*' has its `*` in the host, so that a path chooses where the redirect leads:"
        " '/bad/.evil.example' would lead to 'https://new.example.com.evil.example'. "
        f"{ALLOWED}. Write 'https://new.example.com/*': the slash ends the host."
    ]


@pytest.mark.parametrize(
    "to",
    [
        "/*",
        "/new",
        "/new*",
        "/new/*",
        "/new?a=1#here",
        "https://new.example.com",
        "https://new.example.com/",
        "https://new.example.com/*",
        "https://new.example.com/app-*",
        "http://new.example.com:8080/app/*",
        "https://new.example.com/page?a=1#here",
        "https://192.0.2.1/*",
    ],
)
def test_a_target_that_names_its_host_whole_is_taken(to: str) -> None:
    code = " ".join(text for item in run(program("/bad/*", to)).resources for text in texts(item.inputs))
    assert f'"to":{json.dumps(to)}' in code


def redirecting(*rules: tuple[str, str], **more: Any) -> list[str]:
    return faults_of(lambda: declare_redirects(rules, **more))


ELSEWHERE = "Allowed: a path that no redirect takes back, or another host."
HOST = {"hostname": "www.example.com", "cloudfront": {"hosted_zone_id": "Z0123456789ABCDEFGHIJ"}}


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/x", "/x"),
        ("/x/*", "/x/*"),
        ("/x/*", "/x/"),
        ("/x/*", "/x/y/*"),
        ("/x/*", "/x/y"),
        ("/*", "/new/*"),
        ("/x", "/x?seen=1"),
        ("/x", "/x#here"),
        ("/x/*", "https://www.example.com/x/*"),
        ("/", "http://WWW.example.com"),
    ],
)
def test_a_redirect_onto_itself_is_refused(path: str, to: str) -> None:
    assert redirecting((path, to), **HOST) == [
        f"redirects[0].to: leads back to its own path, again and again: {path!r} to {path!r}. {ELSEWHERE}"
        " Let `to` name where the content is."
    ]


@pytest.mark.parametrize(
    ("rules", "at", "circle"),
    [
        ([("/p", "/q"), ("/q", "/p")], 0, "'/p' to '/q' to '/p'"),
        ([("/in", "/p"), ("/p", "/q"), ("/q", "/p")], 1, "'/p' to '/q' to '/p'"),
        ([("/c", "/a"), ("/a", "/b"), ("/b", "/c")], 0, "'/c' to '/a' to '/b' to '/c'"),
        ([("/x/*", "/y/*"), ("/y/*", "/x/*")], 0, "'/x/*' to '/y/*' to '/x/*'"),
        ([("/x/*", "/y/*"), ("/y/b", "/x/b")], 0, "'/x/*' to '/y/b' to '/x/*'"),
        ([("/x/*", "/y*"), ("/y", "/x/")], 0, "'/x/*' to '/y' to '/x/*'"),
    ],
)
def test_redirects_that_lead_in_a_circle_are_refused_once(rules: list[tuple[str, str]], at: int, circle: str) -> None:
    assert redirecting(*rules) == [
        f"redirects[{at}].to: leads back to where it began, again and again: {circle}. {ELSEWHERE} Leave out one of them."
    ]


def test_each_circle_is_named() -> None:
    assert len(redirecting(("/p", "/q"), ("/q", "/p"), ("/r", "/r"), ("/s/*", "/t/*"), ("/t/*", "/s/*"))) == 3


@pytest.mark.parametrize(
    "rules",
    [
        [("/x/*", "/*")],
        [("/x/*", "https://other.example.com/x/*")],
        [("/x/*", "https://www.example.com.other.example/x/*")],
        [("/a", "/b"), ("/b", "/c")],
        [("/*", "/new/*"), ("/new/*", "https://new.example.com/*")],
        [("/q/*", "/*"), ("/p/*", "/q/q/*")],
        [(f"/{number}", f"/{number + 1}") for number in range(30)],
    ],
)
def test_redirects_that_end_somewhere_are_taken(rules: list[tuple[str, str]]) -> None:
    run(lambda: declare_redirects(rules, **HOST))


def declare_redirects(rules: Sequence[tuple[str, str]], **more: Any) -> None:
    router = GeoRouter("o", {"origins": [{"region": "us", "url": "https://us.example.com"}], "fallback": "us"})
    given: Any = {
        "host": "cloudfront",
        "endpoints": [{"path": "/api", "origin": router.routing}],
        "redirects": [{"path": path, "to": to} for path, to in rules],
        **more,
    }
    EdgeApi("api", given)


def test_a_redirect_in_the_place_of_an_endpoint_is_refused() -> None:
    assert redirecting(("/api", "/new")) == [
        "redirects[0].path: '/api' is the path of endpoints[0] too, which would never answer: a redirect comes first."
        " Leave out the redirect or endpoints[0], or give one of them another path."
    ]


def test_a_redirect_in_the_place_of_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    (fault,) = redirecting(("/files/*", "/new/*"), assets=[{"path": "/files/*", "directory": str(tmp_path)}])
    assert fault.startswith("redirects[0].path: '/files/*' is the path of assets[0] too, which would never answer")
