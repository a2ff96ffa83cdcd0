"""The benchmarks' harness: fair order, spreads that pair, results that can be read again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import benchmarks
from bench.harness import Options, Result, Spread, interleave, keep, ratio, table
from tests.reference.cloud import ROOT


def test_competitors_are_interleaved_and_the_first_round_is_thrown_away() -> None:
    calls: list[str] = []

    def competitor(name: str) -> float:
        calls.append(name)
        return float(len(calls))

    spreads = interleave({name: lambda name=name: competitor(name) for name in "abc"}, Options(rounds=8))  # type: ignore[misc]
    assert len(calls) == 27
    rounds = [calls[index : index + 3] for index in range(0, 27, 3)]
    assert all(sorted(order) == ["a", "b", "c"] for order in rounds)
    assert len({tuple(order) for order in rounds}) > 1, "no competitor always goes first"
    assert all(len(spread.values) == 8 and min(spread.values) > 3 for spread in spreads.values())


def test_ratios_are_of_the_same_round() -> None:
    fast, slow = Spread((1.0, 10.0, 3.0)), Spread((2.0, 20.0, 6.0))
    assert ratio(fast, slow).values == (0.5, 0.5, 0.5)  # whatever disturbed a round disturbed both
    with pytest.raises(ValueError, match="cannot be paired"):
        ratio(fast, Spread((1.0,)))
    with pytest.raises(ValueError, match="at least one"):
        Spread(())


def test_a_result_is_kept_with_the_machine_it_was_made_on(tmp_path: Path) -> None:
    result = Result("ms", {"one": Spread((3.0, 1.0, 2.0))}, {"one / two": Spread((0.5,))}, {"rate": 5})
    file = keep("thing", "what it is", result, Options(), tmp_path)
    document = json.loads(file.read_text())
    assert document["spreads"]["one"] == {"median": 2.0, "min": 1.0, "max": 3.0, "rounds": 3}
    assert {"processors", "python"} <= document["machine"].keys()
    assert "one / two" in table(result)


def test_every_benchmark_is_found_and_results_are_of_benchmarks_that_exist() -> None:
    known = benchmarks()
    assert {"generator", "reference"} <= known.keys()
    kept = {file.stem.split(".")[0] for file in (ROOT / "bench" / "results").glob("*.json")}
    assert kept <= known.keys()
    listed = subprocess.run(
        [sys.executable, "-m", "bench", "--list"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=200
    )
    assert all(f"{name}: " in listed.stdout for name in known)


def test_an_unknown_benchmark_is_wrong_use() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "bench", "nope"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=200
    )
    assert found.returncode == 2
    assert "unknown: nope" in found.stderr
