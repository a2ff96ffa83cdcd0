"""The hit path: what each tier gives of a bare Worker's speed, beside the Worker that is written by hand and peers."""

import contextlib
from functools import partial

import httpx

from bench._cache import CONNECTIONS, SIZES, Stage, load, load_generator, stage
from bench.harness import Options, Result, Spread, interleave, ratio

DESCRIPTION = "the cache's hit path by tier, against a bare Worker, the Worker written by hand, nginx and Varnish"

_TIERS = ("memory", "edge", "kv")
_OURS = (*_TIERS, "default")


def _hit(name: str, response: httpx.Response) -> bool:
    """Whether an answer came from the store that is to be measured."""
    headers = response.headers
    if name in _TIERS:
        return "hit; ttl=" in headers["cache-status"] and f"detail={name}" in headers["cache-status"]
    if name == "default":
        return "hit; ttl=" in headers["cache-status"]
    if name == "nginx":
        return bool(headers["x-cache-status"] == "HIT")
    if name == "varnish":
        return len(headers["x-varnish"].split()) == 2
    # The simulated Cache API says so itself; a bare Worker has nothing to say.
    return name != "by hand" or bool(headers.get("cf-cache-status") == "HIT")


def _warm(name: str, url: str) -> None:
    for _ in range(20):
        with contextlib.suppress(KeyError):
            if _hit(name, httpx.get(url, trust_env=False)):
                return
    raise RuntimeError(f"{name} does not answer {url} from its cache")


def _load(made: Stage, name: str, url: str, seconds: float, processor: dict[str, list[float]], key: str) -> float:
    """Return requests a second, and note the processor's microseconds a request."""
    before = made.cpu_s(name)
    rate, count = load(url, seconds)
    processor.setdefault(key, []).append((made.cpu_s(name) - before) / count * 1e6)
    return rate


def run(options: Options) -> Result:
    """Measure every server at each size, interleaved."""
    with stage() as made:
        return _measure(made, options)


def _measure(made: Stage, options: Options) -> Result:
    spreads: dict[str, Spread] = {}
    ratios: dict[str, Spread] = {}
    processor: dict[str, list[float]] = {}
    seconds = 1.0 if options.quick else 2.0
    names = [name for name in ("by hand", *_OURS, "nginx", "varnish") if name in made.servers]
    for size in SIZES:
        label = f"{size // 1024} KB"
        urls = {name: f"{made.servers[name]}/o?size={size}&id=hit" for name in names}
        urls[f"bare {size}"] = f"{made.servers[f'bare {size}']}/"
        for name, url in urls.items():
            _warm(name.split()[0] if name.startswith("bare") else name, url)
        keys = {name: f"{'bare Worker' if name.startswith('bare') else name}, {label}" for name in urls}
        measured = interleave(
            {keys[name]: partial(_load, made, name, urls[name], seconds, processor, keys[name]) for name in urls},
            options,
        )
        spreads |= measured
        bare = f"bare Worker, {label}"
        for name in names:
            ratios[f"{keys[name]} / bare"] = ratio(measured[keys[name]], measured[bare])
        for name in ("edge", "default"):
            ratios[f"{name} / by hand, {label}"] = ratio(measured[keys[name]], measured[keys["by hand"]])
            # Less is better in these, so the ratio is turned over. The first measurement of each warmed up.
            ratios[f"CPU a request, by hand / {name}, {label}"] = ratio(
                Spread(tuple(processor[keys["by hand"]][1:])), Spread(tuple(processor[keys[name]][1:]))
            )
        for name in names:
            if name not in ("nginx", "varnish"):
                ratios[f"CPU a request, bare / {keys[name]}"] = ratio(
                    Spread(tuple(processor[bare][1:])), Spread(tuple(processor[keys[name]][1:]))
                )
    return Result(
        unit="requests/s",
        spreads=spreads,
        ratios=ratios,
        notes={
            "connections": CONNECTIONS,
            "load": load_generator(),
            "CPU a request (µs)": {
                key: round(Spread(tuple(values[1:])).median, 1) for key, values in processor.items()
            },
            "versions": made.versions,
            "not installed": list(made.missing),
            "edge": "the edge tier alone: a match in the Cache API, as by hand, shared by hits that overlap",
            "default": "what a CachePolicy has by default: the edge tier, with memory in front for 5 s at a time",
            "of the runtime": "miniflare's Cache API and KV are simulators: compare edge with by hand, not with memory",
        },
    )
