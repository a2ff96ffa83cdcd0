"""The signer, held to AWS's own examples."""

import datetime

import pytest
from edgewright.base.errors import ProjectError
from edgewright.platforms.cloudfront.aws.sigv4 import Credentials, sign

WHEN = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.timezone.utc)
EXAMPLE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def signature(method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b"") -> str:
    given = sign(
        method,
        url,
        headers or {},
        body,
        credentials=EXAMPLE,
        region="us-east-1",
        service="service",
        now=WHEN,
    )
    return given["authorization"]


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        # The names are those of AWS's published test suite for Signature Version 4.
        pytest.param("GET", "https://example.amazonaws.com/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31", id="get-vanilla"),
        pytest.param("POST", "https://example.amazonaws.com/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b", id="post-vanilla"),
        pytest.param("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500", id="get-vanilla-query-order-key-case"),
    ],
)  # fmt: skip
def test_awss_own_examples(method: str, url: str, expected: str) -> None:
    assert signature(method, url) == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
        f" SignedHeaders=host;x-amz-date, Signature={expected}"
    )


def test_the_documented_example_with_a_header_and_a_query() -> None:
    given = sign(
        "GET",
        "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        {"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
        b"",
        credentials=EXAMPLE,
        region="us-east-1",
        service="iam",
        now=WHEN,
    )
    assert given["authorization"].endswith(
        "SignedHeaders=content-type;host;x-amz-date,"
        " Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


def test_each_part_of_a_request_changes_the_signature() -> None:
    whole = signature("GET", "https://h.example/a?b=c", {"x": "y"}, b"z")
    others = [
        signature("PUT", "https://h.example/a?b=c", {"x": "y"}, b"z"),
        signature("GET", "https://g.example/a?b=c", {"x": "y"}, b"z"),
        signature("GET", "https://h.example/a%20b?b=c", {"x": "y"}, b"z"),
        signature("GET", "https://h.example/a?b=d", {"x": "y"}, b"z"),
        signature("GET", "https://h.example/a?b=c", {"x": "w"}, b"z"),
        signature("GET", "https://h.example/a?b=c", {"x": "y"}, b""),
    ]
    assert len({whole, *others}) == 7


def test_a_session_token_is_sent_and_signed() -> None:
    held = Credentials("A", "B", "token")
    given = sign("GET", "https://h.example/", {}, b"", credentials=held, region="r", service="s", now=WHEN)
    assert given["x-amz-security-token"] == "token"
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token" in given["authorization"]


def test_credentials_come_from_the_environment_and_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ProjectError, match="AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"):
        Credentials.from_environment()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    assert "canary" not in repr(Credentials.from_environment())
