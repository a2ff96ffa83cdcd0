"""The arguments of an API that only CloudFront has: checked, with their defaults."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from edgewright.arguments import checks
from edgewright.arguments.program import claim, program_file
from edgewright.arguments.shape import fill
from edgewright.assemble.lambda_package import read_folder
from edgewright.base.fault_codes import Code
from edgewright.base.faults import Faults, show
from edgewright.contract.limits import limit
from edgewright.platforms.cloudfront import functions
from edgewright.platforms.cloudfront.asked import Asked, Asset, Experiment
from edgewright.platforms.cloudfront.options import check_later
from edgewright.platforms.cloudfront.rollout import Rollout, check_rollout

CLOUDFLARE_ONLY: Mapping[str, str] = {
    "bindings": "A function at the edge reaches AWS services by their API: add the SDK's client to the handler.",
    "limits": "Leave it out: the function has 5 s and 128 MB.",
    "script_name": "Leave it out: Pulumi names the function, so that a retired one is never in the way.",
    "secrets": "They would lie readable in the package: read them in the handler from Secrets Manager or Parameter Store.",
}


@dataclass(frozen=True)
class Plan:
    """The arguments that only this platform has, sound and with their defaults."""

    given: Asked
    hostname: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    redirects: str = ""
    experiments: tuple[Experiment, ...] = ()
    assets: tuple[tuple[Asset, Path, Mapping[str, bytes]], ...] = ()
    rollout: Rollout = field(default_factory=Rollout)


def check(name: str, given: Mapping[str, Any], faults: Faults) -> Plan:
    """Return the platform's arguments with their defaults; note what is wrong with them."""
    for key, fix in CLOUDFLARE_ONLY.items():
        if key in given:
            faults.add(key, "is of use to host 'cloudflare' only", code=Code.OTHER_PLATFORM, fix=fix)
    hostname = given.get("hostname")
    if hostname is not None and checks.hostname("hostname", hostname, faults):
        claim("hostname", hostname, f"EdgeApi {name!r}", "hostname", faults, "Give each API a hostname of its own.")
        if "certificate_arn" not in given and "hosted_zone_id" not in given:
            faults.add(
                "hostname",
                "needs a certificate",
                code=Code.NEEDS,
                fix="Give `cloudfront.hosted_zone_id`, and one is made and validated, or `cloudfront.certificate_arn`, from"
                " us-east-1.",
            )
    for key in ("certificate_arn", "hosted_zone_id"):
        if key in given and hostname is None:
            faults.add(
                f"cloudfront.{key}",
                "has no effect without `hostname`",
                code=Code.NO_EFFECT,
                fix="Give `hostname`, or leave it out.",
            )
    asked = fill(Asked, check_later(given, faults))
    for key in asked.vars:
        checks.binding_name(f"vars.{key}", key, faults)
    return Plan(
        given=asked,
        hostname=hostname,
        tags=_tags(asked.tags, faults),
        redirects=_redirects(asked, faults),
        experiments=_experiments(asked, faults),
        assets=_assets(asked.assets, faults),
        rollout=check_rollout(given, faults),
    )


def _tags(tags: Sequence[str], faults: Faults) -> dict[str, str]:
    """Return tags as AWS has them: `owner:web` is the value web of owner."""
    found: dict[str, str] = {}
    for index, tag in enumerate(tags):
        key, _, value = tag.partition(":")
        if key in found:
            faults.add(
                f"tags[{index}]", f"{show(tag)} has the key of another: a resource of AWS has one value for each", code=Code.TWICE,
                fix="Leave one out.",
            )  # fmt: skip
        found[key] = value
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Rule:
    """A redirect as the function at the viewer has it."""

    path: str
    to: str
    status: int
    text: str


def _redirects(asked: Asked, faults: Faults) -> str:
    served = {each.path: f"assets[{index}]" for index, each in enumerate(asked.assets) if each.path is not None}
    served |= {each.path: f"endpoints[{index}]" for index, each in enumerate(asked.endpoints) if each.path}
    found: list[Rule] = []
    seen: dict[str, int] = {}
    for index, rule in enumerate(asked.redirects):
        at = f"redirects[{index}]"
        path, to, status = rule.path or "", rule.to or "", rule.status
        if rule.path is not None and (
            not path.startswith("/") or "*" in path[:-1] or not path.isascii() or not path.isprintable()
        ):
            faults.add(f"{at}.path", f"{show(path)} is not a path", code=Code.PATH, allowed="/old or /old/*")
        if path in seen:
            faults.add(f"{at}.path", f"{show(path)} is redirected by redirects[{seen[path]}] already", code=Code.TWICE)
        elif path in served:
            faults.add(
                f"{at}.path",
                f"{show(path)} is the path of {served[path]} too, which would never answer: a redirect comes first",
                code=Code.OVERLAP,
                fix=f"Leave out the redirect or {served[path]}, or give one of them another path.",
            )
        seen.setdefault(path, index)
        if rule.to is not None:
            _check_target(f"{at}.to", to, path, faults)
        if to.endswith("*") and not path.endswith("*"):
            faults.add(f"{at}.to", f"{show(to)} ends with `*`, and `path` has none to take", code=Code.WILDCARD)
        if status not in functions.STATUS_TEXTS:
            faults.add(
                f"{at}.status",
                f"{status} is no redirect",
                code=Code.STATUS,
                allowed=", ".join(map(str, functions.STATUS_TEXTS)),
            )
        found.append(Rule(path, to, status, functions.STATUS_TEXTS.get(status, "")))
    found.sort(key=lambda rule: (-len(rule.path), rule.path))
    _check_circles(found, seen, asked.hostname or "", faults)
    return functions.compact([asdict(rule) for rule in found]) if found else ""


_URL = re.compile(r"https?://[^/?#]*")
_MOST_HOPS = 20
"""So many redirects browsers follow, one after another, before they give up."""


def _check_circles(rules: Sequence[Rule], indexes: Mapping[str, int], hostname: str, faults: Faults) -> None:
    """Note redirects that lead to each other for ever, each circle once, at the first redirect of it.

    They are followed as the function at the edge does it (`functions._REDIRECT`: the longest path first), for what a `*`
    stands for: nothing, and a name that no other redirect has.
    """
    known: set[frozenset[str]] = set()
    for start in sorted(indexes, key=indexes.__getitem__):
        for rest in ("", "NAME") if start.endswith("*") else ("",):
            at: str | None = start.removesuffix("*") + rest
            hops: list[str] = []
            while at is not None and len(hops) <= max(_MOST_HOPS, 2 * len(rules)):
                rule = next((each for each in rules if _takes(each.path, at)), None)
                at = _led(rule, at, hostname) if rule else None
                hops += [rule.path] if rule else []
            if at is None or hops[-1] not in hops[:-1]:
                continue
            last = len(hops) - 1
            circle = hops[last - 1 - hops[last - 1 :: -1].index(hops[last]) : last]
            if frozenset(circle) in known:
                continue
            known.add(frozenset(circle))
            first = min(range(len(circle)), key=lambda place: indexes[circle[place]])
            circle = circle[first:] + circle[:first]
            itself = len(circle) == 1
            faults.add(
                f"redirects[{indexes[circle[0]]}].to",
                f"leads back to {'its own path' if itself else 'where it began'}, again and again:"
                f" {' to '.join(show(path) for path in (*circle, circle[0]))}",
                code=Code.OVERLAP,
                allowed="a path that no redirect takes back, or another host",
                fix="Let `to` name where the content is." if itself else "Leave out one of them.",
            )


def _takes(pattern: str, path: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern


def _led(rule: Rule, path: str, hostname: str) -> str | None:
    """Return the path of this API that a redirect leads to; None where it leads to another host."""
    to = rule.to
    host = _URL.match(to)
    if host is not None:
        if not hostname or host[0].partition("://")[2].lower() != hostname.lower():
            return None
        to = to[host.end() :] or "/"
    if to.endswith("*"):
        to = to[:-1] + (path[len(rule.path) - 1 :] if rule.path.endswith("*") else "")
    return re.sub(r"^/+", "/", re.split(r"[?#]", to)[0]) or None


def _check_target(at: str, to: str, path: str, faults: Faults) -> None:
    """Note what is wrong with where a redirect leads. What its `*` takes is the client's own word, so that it has to stand
    where no word can name another host: in a URL, behind the slash after the host."""
    allowed = "/new, /new/* or https://..."
    host = _URL.match(to)
    if re.search(r"[^\x21-\x7e]|\\", to):
        faults.add(
            at,
            f"{checks.shown_url(to)} has a character that a URL does not have",
            code=Code.URL,
            allowed=allowed,
            fix="Escape it: `%20`.",
        )
    elif "*" in to[:-1]:
        faults.add(at, f"{checks.shown_url(to)} has `*` before its end", code=Code.WILDCARD, allowed=allowed)
    elif host is None and (not to.startswith("/") or to.startswith("//")):
        faults.add(at, f"{checks.shown_url(to)} is neither a path nor an http(s) URL", code=Code.URL, allowed=allowed)
    elif host is not None and to.endswith("*") and "/" not in to[host.end() :]:
        bare = to.removesuffix("*").split("?")[0].split("#")[0]
        faults.add(
            at,
            f"{checks.shown_url(to)} has its `*` in the host, so that a path chooses where the redirect leads:"
            f" {show(f'{path[:-1]}.evil.example')} would lead to {checks.shown_url(f'{bare}.evil.example')}",
            code=Code.OPEN_REDIRECT,
            allowed=allowed,
            fix=f"Write {bare + '/*'!r}: the slash ends the host." if "@" not in bare else "",
        )
    elif to.endswith("*") and re.search(r"[?#]", to):
        faults.add(
            at,
            f"{checks.shown_url(to)} has its `*` behind `?` or `#`",
            code=Code.WILDCARD,
            allowed=allowed,
            fix="The query goes along by itself.",
        )
    elif host is not None:
        checks.http_url(at, host[0], faults)


def _experiments(asked: Asked, faults: Faults) -> tuple[Experiment, ...]:
    found: list[Experiment] = []
    known = {endpoint.path for endpoint in asked.endpoints}
    for index, experiment in enumerate(asked.experiments):
        at = f"experiments[{index}]"
        if experiment.cookie is not None:
            checks.header_name(f"{at}.cookie", experiment.cookie, faults)
            if experiment.cookie in [other.cookie for other in found]:
                faults.add(f"{at}.cookie", f"{show(experiment.cookie)} is another experiment's too", code=Code.TWICE)
        variants = experiment.variants or {}
        # One whose weight is at fault is no longer among them, and is one all the same.
        if experiment.variants is not None and len(variants) < 2 and not faults.about(f"{at}.variants"):
            count = "1 variant" if len(variants) == 1 else f"{len(variants)} variants"
            faults.add(f"{at}.variants", f"has {count}", code=Code.RANGE, allowed="2 or more, each with a weight")
        for variant, weight in variants.items():
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", variant):
                faults.add(
                    f"{at}.variants",
                    f"{show(variant)} is not a variant",
                    code=Code.NAME,
                    allowed="letters, digits, `_` and `-`",
                )
            checks.whole(f"{at}.variants.{variant}", weight, faults, 1, 1_000_000)
        for number, path in enumerate(experiment.paths):
            if path not in known:
                faults.add(
                    f"{at}.paths[{number}]",
                    f"{show(path)} is not the `path` of an endpoint",
                    code=Code.NO_SUCH,
                    allowed=", ".join(sorted(filter(None, known))),
                )
        checks.seconds(f"{at}.max_age", experiment.max_age, faults)
        found.append(replace(experiment, at=at, variants=dict(sorted(variants.items()))))
    return tuple(sorted(found, key=lambda item: item.cookie or ""))


def _check_csp(at: str, value: object, faults: Faults) -> None:
    most = limit("cloudfront.response_headers_policy.csp_chars")
    checks.header_value(at, value, faults)
    if value == "":
        faults.add(at, "is empty", code=Code.EMPTY, fix="Leave it out, or give `default-src 'self'` for a beginning.")
    elif isinstance(value, str) and len(value) > most.value:
        faults.add(at, f"has {len(value)} characters ({most.source})", code=Code.LIMIT, allowed=f"at most {most.text}")


def _assets(assets: Sequence[Asset], faults: Faults) -> tuple[tuple[Asset, Path, Mapping[str, bytes]], ...]:
    found = []
    for index, item in enumerate(assets):
        at = f"assets[{index}]"
        path = item.pattern
        if item.path is not None and checks.endpoint_path(f"{at}.path", path, faults):
            if not path.endswith("/*"):
                faults.add(
                    f"{at}.path",
                    f"{show(path)} does not end with `/*`",
                    code=Code.PATH,
                    allowed="for example /assets/*",
                )
            elif "/:" in path:
                faults.add(
                    f"{at}.path",
                    f"{show(path)} has a parameter, and a file has one path",
                    code=Code.PATH,
                    allowed="for example /assets/*",
                )
        if item.browser_ttl is not None:
            checks.seconds(f"{at}.browser_ttl", item.browser_ttl, faults)
        if item.immutable and not item.browser_ttl:
            faults.add(
                f"{at}.immutable",
                "is true without a `browser_ttl`",
                code=Code.NEEDS,
                fix="Give one, for example 31536000.",
            )
        if item.content_security_policy is not None:
            _check_csp(f"{at}.content_security_policy", item.content_security_policy, faults)
        if item.directory is None:
            continue
        folder = program_file(item.directory)
        if not folder.is_dir():
            faults.add(f"{at}.directory", f"{show(item.directory)} is not a folder", code=Code.NO_FILE)
            continue
        files = read_folder(f"{at}.directory", folder, faults)
        if not files:
            faults.add(f"{at}.directory", f"{show(item.directory)} has no files", code=Code.TOO_MANY_FILES)
        found.append((item, folder, files))
    return tuple(found)
