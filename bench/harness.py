"""What every benchmark uses: interleaved rounds, spread, ratios, and results that say on what machine they were made."""

import datetime
import json
import os
import platform
import random
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


class NotHere(Exception):
    """A benchmark cannot be run on this machine; the message says what it lacks."""


@dataclass(frozen=True)
class Options:
    """What the command line chose.

    Attributes:
        rounds: how often each competitor is measured.
        quick: fewer and shorter rounds: to see that a benchmark works, not to keep.
        seed: of everything that is drawn.
    """

    rounds: int = 7
    quick: bool = False
    seed: int = 1


@dataclass(frozen=True)
class Spread:
    """Several measurements of one thing: the median and what it lay between."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a spread needs at least one measurement")

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def document(self) -> dict[str, Any]:
        """Return it for the results' file."""
        return {
            "median": _round(self.median),
            "min": _round(min(self.values)),
            "max": _round(max(self.values)),
            "rounds": len(self.values),
        }

    def __str__(self) -> str:
        median, least, most = (_plain(value) for value in (self.median, min(self.values), max(self.values)))
        return median if least == most else f"{median} ({least} to {most})"


def ratio(numerator: Spread, denominator: Spread) -> Spread:
    """Return the ratios round by round: what disturbed a round disturbed both sides of it.

    Raises:
        ValueError: the two were not measured in the same rounds.
    """
    if len(numerator.values) != len(denominator.values):
        raise ValueError(f"{len(numerator.values)} rounds cannot be paired with {len(denominator.values)}")
    return Spread(tuple(a / b for a, b in zip(numerator.values, denominator.values, strict=True)))


def interleave(competitors: Mapping[str, Callable[[], float]], options: Options) -> dict[str, Spread]:
    """Measure each competitor once a round, in another order each round, and return the spreads.

    A first round is thrown away: it warms whatever there is to warm.
    """
    measured: dict[str, list[float]] = {name: [] for name in competitors}
    chance = random.Random(options.seed)
    for round_number in range(options.rounds + 1):
        order = list(competitors)
        chance.shuffle(order)
        for name in order:
            value = competitors[name]()
            if round_number:
                measured[name].append(value)
    return {name: Spread(tuple(values)) for name, values in measured.items()}


@dataclass(frozen=True)
class Result:
    """What a benchmark found.

    Attributes:
        unit: of the spreads.
        spreads: name to measurements.
        ratios: name to ratios.
        notes: anything else that is needed to read the numbers.
    """

    unit: str
    spreads: Mapping[str, Spread]
    ratios: Mapping[str, Spread] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)


def keep(name: str, description: str, result: Result, options: Options, folder: Path = RESULTS) -> Path:
    """Write a result and return its file. One file a benchmark: history is the version control's business."""
    document = {
        "benchmark": name,
        "description": description,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "machine": {
            "processor": _processor(),
            "processors": os.cpu_count(),
            "architecture": platform.machine(),
            "system": platform.system(),
            "python": platform.python_version(),
            "load": _round(os.getloadavg()[0]) if hasattr(os, "getloadavg") else None,
        },
        "seed": options.seed,
        "unit": result.unit,
        "spreads": {key: spread.document() for key, spread in result.spreads.items()},
        "ratios": {key: spread.document() for key, spread in result.ratios.items()},
        "notes": dict(result.notes),
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text(json.dumps(document, indent=2) + "\n")
    file.with_suffix(".md").write_text(_page(document, result))
    return file


def _page(document: Mapping[str, Any], result: Result) -> str:
    """Return a result as a page for people. The numbers are the JSON's."""

    def cell(value: Any) -> str:
        text = ", ".join(f"{key}: {one}" for key, one in value.items()) if isinstance(value, Mapping) else str(value)
        return text.replace("|", "\\|")

    def rows(spreads: Mapping[str, Spread]) -> list[str]:
        return [
            f"| {cell(name)} | {_plain(one.median)} | {_plain(min(one.values))} | {_plain(max(one.values))} |"
            for name, one in spreads.items()
        ]

    lines = [f"# {document['benchmark']}", "", f"{document['description']}.", ""]
    lines += [f"| {result.unit} | median | least | most |", "| --- | ---: | ---: | ---: |", *rows(result.spreads)]
    if result.ratios:
        lines += ["", "| ratio, round by round | median | least | most |", "| --- | ---: | ---: | ---: |"]
        lines += rows(result.ratios)
    lines += ["", f"Run on {document['date']}; {cell(document['machine'])}; seed {document['seed']}.", ""]
    lines += [f"- {name}: {cell(note)}" for name, note in result.notes.items()]
    return "\n".join(lines).rstrip() + "\n"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    model = re.search(r"model name\s*: (.+)", text)
    return model.group(1).strip() if model else platform.processor()


def table(result: Result) -> str:
    """Return a result as text."""
    rows: Sequence[tuple[str, str]] = [
        *((name, f"{spread} {result.unit}") for name, spread in result.spreads.items()),
        *((name, f"{spread} x") for name, spread in result.ratios.items()),
        *((name, str(note)) for name, note in result.notes.items()),
    ]
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join(f"  {name:<{width}}  {text}" for name, text in rows)


def _plain(value: float) -> str:
    """Three digits that mean something, and never an exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _round(value: float) -> float:
    return float(f"{value:.4g}")
