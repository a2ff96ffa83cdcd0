"""R2: a bucket of objects."""

from collections.abc import Iterable

from edgewright.platforms.cloudflare.bindings._kind import Binding, Kind, in_option
from edgewright.platforms.parts import BindingField

JURISDICTIONS = ("eu", "fedramp", "us")
"""https://developers.cloudflare.com/r2/reference/data-location/#jurisdictional-restrictions"""


def bucket_id(name: str, jurisdiction: str | None) -> str:
    """Return what tells buckets apart: each jurisdiction has names of its own, and `default` is that of buckets without one.

    A binding without the jurisdiction finds no bucket (10085): https://github.com/cloudflare/workers-sdk/issues/4613
    """
    return name if jurisdiction in (None, "default") else f"{name}@{jurisdiction}"


def _inputs(binding: Binding) -> Iterable[Binding]:
    """Yield the binding without the `default` that an R2Bucket says where it has no jurisdiction: a binding takes no such."""
    # The command reads kinds for their gaps, and starts without Pulumi's SDK.
    import pulumi

    from edgewright.arguments.shape import is_later

    given = binding.get("jurisdiction")
    if given is None:
        yield binding
    else:
        said = pulumi.Output.from_input(given).apply(_said) if is_later(given) else _said(given)
        yield {**binding, "jurisdiction": said}


def _said(jurisdiction: str | None) -> str | None:
    return None if jurisdiction == "default" else jurisdiction


KIND = Kind(
    product="R2",
    fields={
        "bucket_name": BindingField("an R2 bucket's name", "Give the `name` of the R2Bucket.", identifies=True),
        "jurisdiction": BindingField(
            "the jurisdiction that the bucket was made in",
            "Give the `jurisdiction` of the R2Bucket, or leave it out where that has none.",
            required=False,
            words=("default", *JURISDICTIONS),
        ),
    },
    inputs=_inputs,
    plays=in_option("r2Buckets", lambda binding: bucket_id(binding["bucketName"], binding.get("jurisdiction"))),
    names=lambda binding: bucket_id(str(binding.get("bucketName")), binding.get("jurisdiction")),
    in_stack=lambda document: document.r2_buckets,
)
