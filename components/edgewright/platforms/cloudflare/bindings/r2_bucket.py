"""R2: a bucket of objects."""

from edgewright.platforms.cloudflare.bindings._kind import Kind, in_option
from edgewright.platforms.parts import BindingField

KIND = Kind(
    product="R2",
    fields={
        "bucket_name": BindingField("an R2 bucket's name", "Give the `name` of the R2Bucket.", identifies=True),
        "jurisdiction": BindingField(
            "the jurisdiction that the bucket was made in, for example 'eu'",
            "Give the `jurisdiction` of the R2Bucket, or leave it out where that has none.",
            required=False,
        ),
    },
    plays=in_option("r2Buckets", lambda binding: binding["bucketName"]),
    in_stack=lambda document: document.r2_buckets,
)
