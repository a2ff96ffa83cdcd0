"""What is wrong with a caching strategy."""

from collections.abc import Sequence

from edgewright.arguments import checks
from edgewright.arguments.bindings import kv_binding
from edgewright.arguments.cache.models import Key, Kv, Memory, Policy, Range, Shield, Tiers
from edgewright.arguments.shape import is_later
from edgewright.arguments.written import MODES, QUERIES
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.claims import never_passes
from edgewright.contract.limits import limit
from edgewright.contract.models import LOCATIONS, EdgeSettings, MemoryTier, ShieldTier


def check_strategy(given: Policy, faults: Faults) -> None:
    """Note what is wrong with a strategy."""
    times = {
        "edge_ttl": given.edge_ttl,
        "browser_ttl": given.browser_ttl,
        "stale_while_revalidate": given.stale_while_revalidate,
        "stale_if_error": given.stale_if_error,
        "error_ttl": given.error_ttl,
    }
    for key, seconds in times.items():
        if seconds is not None:
            checks.seconds(key, seconds, faults)
    tiers, key_ = given.tiers or Tiers(), given.key or Key()
    if given.engine == "platform":
        _check_platform(key_, tiers, faults)
    if given.mode is None or faults.one_of("mode", given.mode, MODES):
        _check_mode(given, faults)
    if given.immutable and not given.browser_ttl:
        faults.add(
            "immutable",
            "is true without a `browser_ttl`",
            code=Code.NEEDS,
            fix="Give the time for which clients may keep it, for example 31536000.",
        )
    _check_stale(given, tiers, faults)
    _check_jitter("jitter", given.jitter, "edge_ttl", given.edge_ttl, faults)
    _check_statuses(given.statuses, given.error_ttl or 0, faults)
    _check_tiers(tiers, given.resolved, faults)
    _check_shield(tiers.shield, given.edge_ttl, faults)
    _check_key(key_, faults)
    for index, header in enumerate(given.vary or ()):
        if header == "*":
            faults.add(
                f"vary[{index}]",
                "'*' makes every response different, so that nothing would be reused",
                code=Code.WILDCARD,
                allowed="names of request headers",
            )
        elif checks.header_name(f"vary[{index}]", header, faults):
            _check_passes(f"vary[{index}]", header, faults)
    _check_tags(given.tags or (), faults)


_OF_WHAT_IS_STORED = (
    "edge_ttl",
    "browser_ttl",
    "stale_while_revalidate",
    "stale_if_error",
    "tiers",
    "key",
    "vary",
    "tags",
    "immutable",
    "engine",
)
"""Arguments that say what is stored, where, and for how long."""


def _check_mode(given: Policy, faults: Faults) -> None:
    mode = given.resolved
    if mode == "override" and given.edge_ttl is None:
        faults.add(
            "edge_ttl",
            "is required by mode 'override'",
            code=Code.MISSING,
            allowed="0 or more seconds",
            fix="Give it, or mode 'origin' to follow the origin's headers.",
        )
    if mode != "override":
        what = "stores nothing" if mode == "bypass" else "follows the origin's headers"
        useless = ["jitter", "statuses", "error_ttl"]
        for key in [*useless, *_OF_WHAT_IS_STORED] if mode == "bypass" else [*useless, "immutable"]:
            if getattr(given, key) is not None:
                faults.add(
                    key,
                    f"has no effect, because mode {mode!r} {what}",
                    code=Code.NO_EFFECT,
                    fix=f"Leave {key} out, or use mode 'override'.",
                )


def _check_stale(given: Policy, tiers: Tiers, faults: Faults) -> None:
    """Note times for which nothing can be served stale, because none of what the policy gives a time is stored."""
    further = [tier.ttl for tier in (tiers.kv, tiers.shield) if tier is not None]
    # Under mode `origin` 0 is a ceiling: what has an ETag or a date is stored, and may be stale for as long as the origin says.
    if given.resolved != "override" or given.edge_ttl != 0 or any((given.error_ttl, *further)):
        return
    times = {"stale_while_revalidate": given.stale_while_revalidate, "stale_if_error": given.stale_if_error}
    for key, seconds in times.items():
        if seconds:
            faults.add(
                key,
                "has no effect, because with `edge_ttl` 0 nothing is stored that could be served stale",
                code=Code.NO_EFFECT,
                fix=f"Give an `edge_ttl` of 1 or more, after which the origin is asked again, or leave {key} out.",
            )


def _check_jitter(
    path: str, jitter: Range | None, key: str, ttl: int | None, faults: Faults, *, shorter: bool = False
) -> None:
    """A range, and whether the time that it spreads lies in it; `shorter`: the range may also end before that time."""
    if jitter is None or jitter.whole is None:
        return
    least, most = jitter.whole
    sound = [checks.seconds(f"{path}.{end}", time, faults, low=1) for end, time in (("min", least), ("max", most))]
    if all(sound) and least > most:
        faults.add(path, f"has min {least} above max {most}", code=Code.CONTRADICTION, allowed="min no larger than max")
    elif all(sound) and ttl is not None and not (least <= ttl and (shorter or ttl <= most)):
        faults.add(
            path,
            f"{least} to {most} leaves out the {key} {ttl}, which would have no effect",
            code=Code.NO_EFFECT,
            allowed=f"min at most {ttl}" if shorter else f"min at most {ttl}, max at least {ttl}",
            fix=f"Change {key} with it.",
        )


def _check_statuses(statuses: Sequence[int] | None, error_ttl: int, faults: Faults) -> None:
    if statuses is None:
        return
    if not statuses:
        faults.add(
            "statuses",
            "is empty, so that nothing would be given a time",
            code=Code.EMPTY,
            allowed="statuses from 200 to 499",
        )
    for index, status in enumerate(statuses):
        at = f"statuses[{index}]"
        if not 200 <= status <= 499:
            why = (
                "Errors of the server are never stored; `stale_if_error` serves what was stored before."
                if 500 <= status <= 599
                else ""
            )
            faults.add(at, f"{status} cannot be given a time", code=Code.STATUS, allowed="200 to 499", fix=why)
        elif status in (206, 304):
            faults.add(
                at,
                f"{status} is a part of another response, not one of its own",
                code=Code.STATUS,
                allowed="200 to 499 but 206 and 304",
            )
        elif status in statuses[:index]:
            faults.add(at, f"{status} is given twice", code=Code.TWICE)
        elif status in (404, 410) and error_ttl == 0:
            faults.add(
                at,
                f"{status} has no effect: it is kept for `error_ttl`, which is 0",
                code=Code.NO_EFFECT,
                fix=f"Give `error_ttl`, or leave {status} out.",
            )


def _check_tiers(tiers: Tiers, mode: str, faults: Faults) -> None:
    memory, edge, kv = tiers.memory, tiers.edge, tiers.kv
    used = memory if memory is not None and memory.enabled else None
    if mode != "bypass" and used is None and kv is None and tiers.shield is None and not edge.enabled:
        faults.add(
            "tiers", "leaves no tier to keep anything in", code=Code.NO_EFFECT, fix="Enable one, or use mode 'bypass'."
        )
    if used is not None:
        most = limit("cloudflare.workers.memory_bytes")
        why = f"An isolate has {most.text} in all."
        for key, size in (("max_bytes", used.max_bytes), ("max_object_bytes", used.max_object_bytes)):
            if size is not None:
                checks.whole(f"tiers.memory.{key}", size, faults, 1, int(most.value), "bytes", why)
        _check_object("memory", used.max_object_bytes, used.max_bytes or MemoryTier().max_bytes, faults)
    for path, tier in (("memory", memory or Memory()), ("edge", edge)):
        for key in () if tier.enabled else tier.said:
            faults.add(
                f"tiers.{path}.{key}",
                "has no effect, because `enabled` is false",
                code=Code.NO_EFFECT,
                fix=f"Leave {key} out.",
            )
    for path, tier in (("memory", used or Memory()), ("edge", edge)):
        if tier.ttl_ceiling is not None:
            checks.seconds(f"tiers.{path}.ttl_ceiling", tier.ttl_ceiling, faults)
        _check_jitter(f"tiers.{path}.jitter", tier.jitter, "ttl_ceiling", tier.ttl_ceiling, faults, shorter=True)
    if kv is not None:
        _check_kv(kv, faults)


def _check_object(tier: str, size: int | None, whole: int, faults: Faults) -> None:
    if size is not None and size > whole:
        faults.add(
            f"tiers.{tier}.max_object_bytes",
            f"{size} is more than the tier's max_bytes {whole}",
            code=Code.CONTRADICTION,
            allowed=f"1 to {whole} bytes",
        )


def _check_kv(kv: Kv, faults: Faults) -> None:
    if kv.ttl is not None:
        least = limit("cloudflare.kv.expiration_ttl_min_s")
        why = f"Workers KV keeps nothing for less than {least.text}."
        checks.seconds("tiers.kv.ttl", kv.ttl, faults, int(least.value), why)
    _check_jitter("tiers.kv.jitter", kv.jitter, "ttl", kv.ttl, faults, shorter=True)
    if kv.max_object_bytes is not None:
        most = limit("cloudflare.kv.value_bytes")
        why = f"Workers KV holds values of at most {most.text}."
        checks.whole("tiers.kv.max_object_bytes", kv.max_object_bytes, faults, 1, int(most.value), "bytes", why)
    if kv.binding is not None and not is_later(kv.binding):
        kv_binding("tiers.kv.binding", kv.binding, faults)


def _check_shield(shield: Shield | None, edge_ttl: int | None, faults: Faults) -> None:
    if shield is None:
        return
    if shield.location is not None:
        faults.one_of("tiers.shield.location", shield.location, LOCATIONS)
    if shield.ttl is not None:
        checks.seconds("tiers.shield.ttl", shield.ttl, faults)
    key, ttl = ("ttl", shield.ttl) if shield.ttl is not None else ("edge_ttl", edge_ttl)
    _check_jitter("tiers.shield.jitter", shield.jitter, key, ttl, faults, shorter=True)
    if shield.shards is not None:
        checks.whole("tiers.shield.shards", shield.shards, faults, 1, 64, "objects")
    most = limit("cloudflare.durable_objects.storage_bytes")
    why = f"A Durable Object keeps {most.text} in all."
    for name, size in (("max_bytes", shield.max_bytes), ("max_object_bytes", shield.max_object_bytes)):
        if size is not None:
            checks.whole(f"tiers.shield.{name}", size, faults, 1, int(most.value), "bytes", why)
    _check_object("shield", shield.max_object_bytes, shield.max_bytes or ShieldTier().max_bytes, faults)


def _check_key(key: Key, faults: Faults) -> None:
    query = key.query
    if faults.one_of("key.query", query, QUERIES):
        needs = query in ("include", "exclude")
        if needs and not key.query_names:
            faults.add(
                "key.query_names",
                f"is required by query {query!r}",
                code=Code.MISSING,
                allowed="names of query parameters",
            )
        if not needs and key.query_names:
            faults.add(
                "key.query_names",
                f"has no effect, because query is {query!r}",
                code=Code.NO_EFFECT,
                fix="Use query 'include' or 'exclude'.",
            )
    for index, header in enumerate(key.headers):
        at = f"key.headers[{index}]"
        if checks.header_name(at, header, faults) and header.lower() in ("cookie", "authorization"):
            instead = (
                "`key.cookies` for single cookies"
                if header.lower() == "cookie"
                else "no cache for what a caller is authorised to see"
            )
            faults.add(
                at, f"{show(header)} differs for nearly every caller", code=Code.NO_EFFECT, fix=f"Use {instead}."
            )
        else:
            _check_passes(at, header, faults)
    for index, cookie in enumerate(key.cookies):
        checks.header_name(f"key.cookies[{index}]", cookie, faults)


_OF_A_BODY = ("content-length", "content-type", "content-encoding", "content-language", "content-location")
_RESERVED: tuple[str, ...] = EdgeSettings.model_fields["reserved_header_prefixes"].default


def _check_passes(at: str, header: str, faults: Faults) -> None:
    """Note a header that no request brings to where the key is made: it would be empty in every key."""
    name = header.lower()
    if not never_passes(name, _RESERVED) and name not in _OF_A_BODY:
        return
    instead = {"cf-ipcountry": "`key.country`", "x-forwarded-host": "`key.host`"}.get(name)
    faults.add(
        at,
        f"{show(header)} is removed from every request before the key is made"
        + (": a GET has no body" if name in _OF_A_BODY else ": a client could say anything by it"),
        code=Code.RESERVED,
        fix=f"Use {instead}." if instead else "Use another header.",
    )


def _check_platform(key: Key, tiers: Tiers, faults: Faults) -> None:
    """Workers Cache keys entries by path and query alone: https://developers.cloudflare.com/workers/cache/cache-keys/"""
    parts = {"headers": key.headers, "cookies": key.cookies, "country": key.country, "region": key.region}
    for part, said in parts.items():
        if said:
            faults.add(
                f"key.{part}",
                "is not part of the platform's key, so that engine 'platform' would give one caller's answer to another",
                code=Code.SHARED_ANSWER,
                fix="Use engine 'worker', or `vary` for request headers.",
            )
    if not tiers.edge.enabled:
        faults.add(
            "tiers.edge.enabled",
            "is false with engine 'platform', which is that tier",
            code=Code.CONTRADICTION,
            fix="Leave it out, or use engine 'worker'.",
        )
    if key.host:
        faults.add(
            "key.host",
            "must be false with engine 'platform', which keeps one entry for all hostnames",
            code=Code.CONTRADICTION,
            fix="Say `host: false` if each hostname may be given the same answer, or use engine 'worker'.",
        )


def _check_tags(tags: Sequence[str], faults: Faults) -> None:
    for index, tag in enumerate(tags):
        if not tag or not tag.isascii() or not tag.isprintable() or any(mark in tag for mark in " ,"):
            faults.add(
                f"tags[{index}]",
                f"{show(tag)} is not a tag",
                code=Code.NAME,
                allowed="printable ASCII without blanks and commas",
            )
    most = limit("cloudflare.cache.tags")
    if len(tags) > most.value:
        faults.add("tags", f"has {len(tags)} tags", code=Code.LIMIT, allowed=f"at most {most.text}")
    checks.text_bytes(
        "tags",
        len(",".join(tags).encode()),
        faults,
        "cloudflare.cache.tag_bytes",
        "the Cache-Tag header",
        "Use fewer or shorter tags.",
    )
