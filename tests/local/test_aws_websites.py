"""A bucket's website, from each of the ways to write it."""

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest
from edgewright.engine import Runner
from edgewright.platforms.cloudfront import protocol as cf
from edgewright.platforms.cloudfront.emulate.s3_websites import older_website, website

from tests.local.test_aws_translate import document, faults

RULE = cf.S3RedirectRule(
    error_code="404", key_prefix="a/", host_name="b.example", protocol="https", redirect_code="302"
)
DETAILS = json.dumps(
    [
        {
            "Condition": {"HttpErrorCodeReturnedEquals": "404", "KeyPrefixEquals": "a/"},
            "Redirect": {"HostName": "b.example", "Protocol": "https", "HttpRedirectCode": "302"},
        }
    ]
)


@pytest.mark.parametrize(
    "inputs",
    [
        {"routingRuleDetails": DETAILS},
        {
            "routingRules": [
                {
                    "condition": {"httpErrorCodeReturnedEquals": "404", "keyPrefixEquals": "a/"},
                    "redirect": {"hostName": "b.example", "protocol": "https", "httpRedirectCode": "302"},
                }
            ]
        },
    ],
)
def test_rules_are_the_same_in_both_forms(inputs: dict[str, Any]) -> None:
    found = website({"indexDocument": {"suffix": "index.html"}, "errorDocument": {"key": "e.html"}, **inputs})
    assert found == cf.S3Website(index_document="index.html", error_document="e.html", routing_rules=[RULE])


def test_the_older_input_of_a_bucket() -> None:
    found = older_website({"indexDocument": "index.html", "routingRules": DETAILS})
    assert found == cf.S3Website(index_document="index.html", routing_rules=[RULE])
    redirected = older_website({"redirectAllRequestsTo": "https://b.example"})
    assert redirected.redirect_all == cf.S3RedirectAll(host_name="b.example", protocol="https")
    assert older_website({"redirectAllRequestsTo": "b.example"}).redirect_all == cf.S3RedirectAll(host_name="b.example")


def test_what_s3_does_not_take() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        website({"routingRuleDetails": "rules"})
    with pytest.raises(pydantic.ValidationError):
        website({"redirectAllRequestsTo": {"hostName": "b.example", "protocol": "ftp"}})


PROGRAM = """
site = aws.s3.Bucket("site", bucket="site-of-tests")
aws.s3.BucketWebsiteConfiguration("site", bucket=site.bucket, {website})
distribution(origin={{
    "domain_name": site.bucket.apply(lambda name: f"{{name}}.s3-website-us-east-1.amazonaws.com"),
    "custom_origin_config": {{
        "http_port": 80, "https_port": 443, "origin_protocol_policy": "http-only", "origin_ssl_protocols": ["TLSv1.2"],
    }},
}})
"""


def test_a_website_of_a_program(runner: Runner, tmp_path: Path) -> None:
    (bucket,) = document(runner, tmp_path, PROGRAM.format(website='index_document={"suffix": "index.html"}')).buckets
    assert bucket.website == cf.S3Website(index_document="index.html")
    assert bucket.website_domain_names == [
        "site-of-tests.s3-website-us-east-1.amazonaws.com",
        "site-of-tests.s3-website.us-east-1.amazonaws.com",
    ]


def test_faults_of_a_website_are_told(runner: Runner, tmp_path: Path) -> None:
    told = faults(
        runner,
        tmp_path,
        PROGRAM.format(website='index_document={"suffix": "index.html"}, routing_rule_details="rules"'),
    )
    assert "website: Expecting value" in told
