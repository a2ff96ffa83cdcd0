"""The worked example of a guardrail in docs/architecture.md: buckets of objects say where they are."""

from collections.abc import Iterator

from edgewright_policies.reading import View
from edgewright_policies.rule import Context, NoConfig, Violation, resource_rule, rules_of

BUCKET = "cloudflare:index/r2Bucket:R2Bucket"


@resource_rule(
    "bucket-location",
    id="EW999",
    family="storage",
    on=(BUCKET,),
    config=NoConfig,
    severity="low",
    title="A bucket says where it is",
    why="Without a location the platform chooses by where the bucket was first asked for.",
    fix="Give `location`.",
    source="https://developers.cloudflare.com/r2/reference/data-location/",
)
def bucket_location(resource: View, context: Context[NoConfig]) -> Iterator[Violation]:
    if resource.text("location") is None:
        yield Violation("location", "none", "a location", "Give `location`, for example WEUR.")


RULES = rules_of(globals())
