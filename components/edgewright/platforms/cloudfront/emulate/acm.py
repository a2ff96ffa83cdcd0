"""AWS Certificate Manager."""

from typing import Final

from edgewright.engine.resources import Inputs, Outputs
from edgewright.platforms.cloudfront.emulate.account import (
    all_tags,
    by,
    in_region,
    region,
    regional_arn,
    uuid_of,
)
from edgewright.platforms.handlers import Handler, hex_id, uuid_id

CERTIFICATE = "aws:acm/certificate:Certificate"


def _certificate_outputs(inputs: Inputs, identity: str) -> Outputs:
    names = [str(inputs.get("domainName") or ""), *(inputs.get("subjectAlternativeNames") or [])]
    names = list(dict.fromkeys(name for name in names if name))
    imported = inputs.get("certificateBody") is not None
    method = inputs.get("validationMethod") or ("NONE" if imported else "DNS")
    return {
        "arn": identity,
        "domainName": inputs.get("domainName") or "",
        "domainValidationOptions": []
        if method != "DNS"
        else [
            {
                "domainName": name,
                "resourceRecordName": f"_{hex_id('acm', name.removeprefix('*.'))}.{name.removeprefix('*.')}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_{hex_id('acm value', name.removeprefix('*.'))}.acm-validations.aws.",
            }
            for name in names
        ],
        "keyAlgorithm": inputs.get("keyAlgorithm") or "RSA_2048",
        "notAfter": "",
        "notBefore": "",
        "options": inputs.get("options") or {"certificateTransparencyLoggingPreference": "ENABLED"},
        "pendingRenewal": False,
        "region": region(inputs),
        "renewalEligibility": "INELIGIBLE",
        "renewalSummaries": [],
        "status": "ISSUED",
        "subjectAlternativeNames": names,
        "type": "IMPORTED" if imported else "AMAZON_ISSUED",
        "validationEmails": [],
        "validationMethod": method,
        **all_tags(inputs),
    }


HANDLERS: Final[dict[str, Handler]] = {
    CERTIFICATE: Handler(
        by("domainName", "subjectAlternativeNames", "certificateBody", "region"),
        _certificate_outputs,
        make_id=lambda type_, identity: regional_arn(
            "acm", {"region": list(identity)[3]}, f"certificate/{uuid_id(type_, *list(identity)[:3])}"
        ),
        gap="aws-tls",
    ),
    "aws:acm/certificateValidation:CertificateValidation": Handler(
        by("certificateArn"), in_region, ("certificateArn",), make_id=uuid_of, gap="aws-tls"
    ),
}
