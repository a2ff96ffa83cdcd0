"""Where a redirect may lead: what its `*` takes is the client's word, and never names a host."""

import json
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
