"""The settings of the products API: the keys `products-api:*` of `stacks/Pulumi.<stack>.yaml`.

Times are whole seconds unless a name ends in `_ms`; each may be written with its unit, as in `1h30m`.
"""

from typing import Annotated, Literal

from edgewright.config import StackSettings
from edgewright.config.fields import Country, Hostname, HttpUrl, Region
from edgewright.config.models import FaultAt, SettingsModel
from edgewright.config.written import MILLISECONDS, PERCENTAGE, SECONDS, SHARE, Text
from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

Seconds = Annotated[int, Field(ge=0, le=2**31), Text(SECONDS)]
PositiveSeconds = Annotated[int, Field(ge=1, le=2**31), Text(SECONDS)]


def _ordered(value: "Range") -> "Range":
    if value.min > value.max:
        raise ValueError(f"min {value.min} is above max {value.max}; allowed: min no larger than max")
    return value


class Range(SettingsModel):
    """A range that a time to live is drawn from."""

    min: PositiveSeconds
    max: PositiveSeconds


def _spread(ttl: int) -> Range:
    """Return the range that a time is drawn from where none is given, so that an hour becomes 3600 to 4200 s."""
    return Range(min=ttl, max=min(ttl * 7 // 6, 2**31))


OrderedRange = Annotated[Range, AfterValidator(_ordered)]


class Origin(SettingsModel):
    """One region's origin."""

    region: Region
    url: HttpUrl
    countries: tuple[Country, ...] = Field(
        default=(), description="Countries served whatever the distance; the others go to the nearest region."
    )
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


class Health(SettingsModel):
    """How an origin's health is judged from the edge."""

    path: str = Field(default="/healthz", pattern=r"^/")
    interval: Annotated[int, Field(ge=1), Text(SECONDS)] = Field(
        default=30, description="Seconds for which an origin that failed is left out."
    )
    unhealthy_after: int = Field(default=2, ge=1, le=100, description="Consecutive failures.")


class ProductsCache(SettingsModel):
    """How products are cached."""

    edge_ttl: PositiveSeconds = 3600
    edge_jitter: OrderedRange | None = Field(
        default=None,
        description="Range that holds edge_ttl, from which it is drawn. From edge_ttl to a sixth above it.",
    )
    browser_ttl: Seconds = 60
    stale_while_revalidate: Seconds = 86_400
    stale_if_error: Seconds = 86_400
    kv_ttl: Annotated[int, Field(ge=60), Text(SECONDS)] | None = Field(
        default=None,
        description="cloudflare: how long KV keeps a copy for all data centres; nothing for less than 60 s. None is kept.",
    )
    kv_jitter: OrderedRange | None = Field(
        default=None, description="Range from which freshness in KV is drawn. From kv_ttl to a sixth above it."
    )
    engine: Literal["worker", "platform"] = "worker"
    shield: Literal["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] | None = Field(
        default=None,
        description="Where one place for all data centres stands before the origins, best near them. None is used.",
    )

    @field_validator("edge_jitter")
    @classmethod
    def _holds_the_ttl(cls, value: Range | None, info: ValidationInfo) -> Range | None:
        ttl = info.data.get("edge_ttl")
        if value is not None and ttl is not None and not value.min <= ttl <= value.max:
            raise ValueError(
                f"{value.min} to {value.max} leaves out edge_ttl {ttl}, which would have no effect; allowed: min at most"
                f" {ttl}, max at least {ttl}. Change edge_ttl with it, or leave edge_jitter out"
            )
        return value

    @field_validator("kv_jitter")
    @classmethod
    def _within_what_is_kept(cls, value: Range | None, info: ValidationInfo) -> Range | None:
        ttl = info.data.get("kv_ttl")
        if value is not None and "kv_ttl" in info.data and ttl is None:
            raise ValueError("has no effect without kv_ttl. Add it, or leave kv_jitter out")
        if value is not None and ttl is not None and value.min > ttl:
            raise ValueError(
                f"begins at {value.min}, above kv_ttl {ttl}, which would have no effect; allowed: min at most {ttl}."
                " Change kv_ttl with it, or leave kv_jitter out"
            )
        return value

    @property
    def edge_range(self) -> Range:
        """What freshness at the edge is drawn from."""
        return self.edge_jitter or _spread(self.edge_ttl)

    @property
    def kv_range(self) -> Range | None:
        """What freshness in KV is drawn from, where it is used."""
        return self.kv_jitter or (None if self.kv_ttl is None else _spread(self.kv_ttl))


class Sessions(SettingsModel):
    """Sessions in KV."""

    ttl: Annotated[int, Field(ge=60), Text(SECONDS)] | None = Field(
        default=None, description="Seconds that a session lasts. Given, each says by `iat` when it was made."
    )
    seed: str | None = Field(
        default=None, description="File of sessions to begin with, relative to the project's folder."
    )


class RolloutHeader(SettingsModel):
    """A header by which a request asks for the new version."""

    name: str = Field(pattern=r"^aws-cf-cd-[a-z0-9-]{1,118}$")
    value: str = Field(pattern=r"^[\x21-\x7e]{1,1783}$")


class Rollout(SettingsModel):
    """How a new version is rolled out."""

    percentage: Annotated[float, Field(ge=0, le=100), Text(PERCENTAGE)] = Field(
        default=100,
        description="The new version's share of the requests, 0 for a smoke test; on cloudfront above 0 and at most 15, or 100.",
    )
    header: RolloutHeader | None = Field(
        default=None, description="cloudfront: only requests with this header get the new version."
    )
    previous_version_id: str | None = Field(
        default=None,
        pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[1-9][0-9]*)$",
        description="The version that keeps the rest: the stack's output `stable_version_id`.",
    )

    @property
    def under_way(self) -> bool:
        """Whether two versions answer."""
        return self.percentage < 100 or self.header is not None


class Observability(SettingsModel):
    """What is kept of logs and traces."""

    head_sampling_rate: Annotated[float, Field(ge=0, le=1), Text(SHARE)] = 1
    traces: bool = False


def _of_production(value: str, tier: str) -> str:
    return (
        f"{value!r} belongs to production, and this stack's tier is {tier}; allowed: an id that is not in"
        " products-api:production_ids. Use the account and zone of this environment"
    )


class Settings(StackSettings):
    """A stack of the products API."""

    tier: Literal["local", "development", "staging", "production"] = Field(alias="products-api:tier")
    owner: str = Field(
        default="products-team",
        alias="products-api:owner",
        pattern=r"^[a-z0-9-]{1,50}$",
        description="The team that is asked about this stack, as a tag.",
    )
    production_ids: tuple[str, ...] = Field(
        default=(),
        alias="products-api:production_ids",
        description="Account and zone ids that only the production stack may use; set in Pulumi.yaml for all stacks.",
    )
    host: Literal["cloudflare", "cloudfront"] = Field(
        default="cloudflare", alias="products-api:host", description="The platform that the API is on."
    )
    hosted_zone_id: str | None = Field(
        default=None,
        pattern=r"^Z[A-Z0-9]{1,31}$",
        alias="products-api:hosted_zone_id",
        description="cloudfront: the Route 53 zone of `hostname`.",
    )
    hostname: Hostname | None = Field(
        default=None,
        alias="products-api:hostname",
        description="Without one, the API answers on workers.dev or cloudfront.net.",
    )
    origins: tuple[Origin, ...] = Field(alias="products-api:origins", min_length=1)
    fallback: Region = Field(alias="products-api:fallback", description="Region of a caller whose country is unknown.")
    timeout_ms: Annotated[int, Field(ge=1, le=30_000), Text(MILLISECONDS)] = Field(
        default=2000, alias="products-api:timeout_ms", description="Time for an origin's headers."
    )
    health: Health = Field(default_factory=Health, alias="products-api:health")
    cache: ProductsCache = Field(default_factory=ProductsCache, alias="products-api:cache")
    sessions: Sessions = Field(default_factory=Sessions, alias="products-api:sessions")
    rollout: Rollout = Field(default_factory=Rollout, alias="products-api:rollout")
    observability: Observability = Field(default_factory=Observability, alias="products-api:observability")
    protect: bool = Field(
        default=False, alias="products-api:protect", description="Refuses to delete what serves and what holds data."
    )
    trace: bool = Field(default=False, alias="products-api:trace", description="Answers carry Server-Timing.")

    @field_validator("hosted_zone_id")
    @classmethod
    def _not_of_production(cls, value: str | None, info: ValidationInfo) -> str | None:
        tier = info.data.get("tier")
        if value is not None and tier not in (None, "production") and value in info.data.get("production_ids", ()):
            raise ValueError(_of_production(value, tier))
        return value

    @model_validator(mode="after")
    def _account_not_of_production(self) -> "Settings":
        for key in ("account_id", "zone_id"):
            value = getattr(self.cloudflare, key)
            if self.tier != "production" and value in self.production_ids:
                raise FaultAt(("edgewright:cloudflare", key), _of_production(value, self.tier))
        return self

    @field_validator("hostname")
    @classmethod
    def _in_a_zone(cls, value: str | None, info: ValidationInfo) -> str | None:
        # A zone that has a fault of its own is not in `data`; one fault is enough for it.
        cloudflare = info.data.get("cloudflare")
        if value is None or cloudflare is None:
            return value
        on_cloudfront = info.data.get("host") == "cloudfront"
        zone = info.data.get("hosted_zone_id", "faulty") if on_cloudfront else cloudflare.zone_id
        if zone is None:
            missing = "products-api:hosted_zone_id" if on_cloudfront else "edgewright:cloudflare.zone_id"
            raise ValueError(f"{value!r} needs its DNS zone; add {missing}")
        name = cloudflare.zone_name
        if not on_cloudfront and name and value != name and not value.endswith(f".{name}"):
            raise ValueError(
                f"{value!r} is outside the zone {name}; allowed: {name}, or a hostname that ends with .{name}"
            )
        return value

    @field_validator("origins")
    @classmethod
    def _each_once(cls, value: tuple[Origin, ...]) -> tuple[Origin, ...]:
        faults = []
        regions: dict[str, int] = {}
        owners: dict[str, str] = {}
        for index, origin in enumerate(value):
            if origin.region in regions:
                faults.append(f"[{index}].region: {origin.region!r} is also the region of [{regions[origin.region]}]")
            regions.setdefault(origin.region, index)
            if (origin.latitude is None) != (origin.longitude is None):
                faults.append(f"[{index}]: has one coordinate; give latitude and longitude, or neither")
            for country in origin.countries:
                if country in owners:
                    faults.append(f"[{index}].countries: {country!r} is also given to {owners[country]!r}")
                owners.setdefault(country, origin.region)
        if faults:
            raise ValueError("; ".join(faults) + "; allowed: each region and each country once")
        return value

    @field_validator("fallback")
    @classmethod
    def _is_a_region(cls, value: str, info: ValidationInfo) -> str:
        regions = sorted(origin.region for origin in info.data.get("origins", ()))
        if regions and value not in regions:
            raise ValueError(f"{value!r} is not the region of any origin; allowed: {', '.join(regions)}")
        return value

    @field_validator("rollout")
    @classmethod
    def _has_a_previous_version(cls, value: Rollout, info: ValidationInfo) -> Rollout:
        if value.under_way and not value.previous_version_id:
            share = "header" if value.header is not None else f"percentage {value.percentage:g}"
            raise ValueError(
                f"{share} leaves requests to no version; add previous_version_id, which is the"
                " stack's output stable_version_id"
            )
        host = info.data.get("host")
        if value.header is not None and host == "cloudflare":
            raise ValueError("header is of use on cloudfront only, and products-api:host is cloudflare. Use percentage")
        numbered = value.previous_version_id is not None and value.previous_version_id.isdigit()
        if value.previous_version_id and host is not None and numbered != (host == "cloudfront"):
            kind = "a function's number" if host == "cloudfront" else "a version's UUID"
            raise ValueError(f"previous_version_id {value.previous_version_id!r} is not {kind}, as {host} has them")
        return value
