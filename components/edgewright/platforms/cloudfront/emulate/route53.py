"""Amazon Route 53."""

from typing import Final

from edgewright.platforms.cloudfront.emulate.account import (
    all_tags,
    by,
    capitals,
    joined_parts,
    lettered,
    uuid_of,
)
from edgewright.platforms.handlers import Function, Handler

HANDLERS: Final[dict[str, Handler]] = {
    "aws:route53/zone:Zone": Handler(
        by("name"),
        lambda i, identity: {
            "arn": f"arn:aws:route53:::hostedzone/{identity}",
            "comment": i.get("comment") or "Managed by Pulumi",
            "enableAcceleratedRecovery": i.get("enableAcceleratedRecovery", False),
            "nameServers": [f"ns-{n}.awsdns-{n:02}.{end}" for n, end in enumerate(("com", "net", "org", "co.uk"))],
            "primaryNameServer": "ns-0.awsdns-00.com",
            "zoneId": identity,
            **all_tags(i),
        },
        make_id=lettered("Z"),
        gap="aws-dns",
        auto_name="name",
        auto_suffix=False,
    ),
    "aws:route53/record:Record": Handler(
        by("zoneId", "name", "type", "setIdentifier"),
        lambda i, _: {
            "allowOverwrite": i.get("allowOverwrite", False),
            "fqdn": str(i.get("name")).rstrip("."),
        },
        ("name", "type", "zoneId"),
        make_id=joined_parts,
        gap="aws-dns",
    ),
    "aws:route53/healthCheck:HealthCheck": Handler(
        by(),
        lambda i, identity: {
            "arn": f"arn:aws:route53:::healthcheck/{identity}",
            "enableSni": i.get("enableSni", i.get("type") == "HTTPS"),
            "failureThreshold": i.get("failureThreshold", 3),
            "regions": i.get("regions") or [],
            "requestInterval": i.get("requestInterval", 30),
            "triggers": i.get("triggers") or {},
            **all_tags(i),
        },
        ("type",),
        make_id=uuid_of,
        gap="aws-dns",
        by_name=True,
    ),
}

FUNCTIONS: Final[dict[str, Function]] = {
    "aws:route53/getZone:getZone": lambda args: {
        **args,
        "id": (zone := str(args.get("zoneId") or "Z" + capitals("zone", args.get("name")))),
        "zoneId": zone,
        "arn": f"arn:aws:route53:::hostedzone/{zone}",
        "name": str(args.get("name") or "local.example").rstrip("."),
        "callerReference": "local",
        "comment": "",
        "linkedServiceDescription": "",
        "linkedServicePrincipal": "",
        "nameServers": [],
        "primaryNameServer": "",
        "privateZone": False,
        "resourceRecordSetCount": 2,
        "tags": {},
        "vpcId": args.get("vpcId") or "",
    },
}
