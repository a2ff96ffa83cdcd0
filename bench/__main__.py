"""`python -m bench [NAME...]`: runs benchmarks and keeps their results."""

import argparse
import importlib
import pkgutil
import sys
from typing import Any

import bench
from bench.harness import NotHere, Options, keep, table

_NOT_BENCHMARKS = ("harness", "__main__")


def benchmarks() -> dict[str, Any]:
    """Return every benchmark by name, sorted."""
    names = sorted(module.name for module in pkgutil.iter_modules(bench.__path__) if module.name not in _NOT_BENCHMARKS)
    modules = {name: importlib.import_module(f"bench.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "DESCRIPTION")}


def main() -> int:
    """Run what the command line names. Exit 0 done, 2 wrong use."""
    known = benchmarks()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of: {', '.join(known)}; all by default")
    parser.add_argument("--list", action="store_true", help="say what there is, and end")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each competitor")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="try it out: nothing is kept")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in known]
    if unknown or arguments.rounds < 1:
        parser.error(f"unknown: {', '.join(unknown)}" if unknown else "--rounds must be 1 or more")
    for name in known if arguments.list else ():
        sys.stdout.write(f"{name}: {known[name].DESCRIPTION}\n")
    if arguments.list:
        return 0
    options = Options(rounds=2 if arguments.quick else arguments.rounds, quick=arguments.quick, seed=arguments.seed)
    for name in arguments.names or known:
        sys.stdout.write(f"{name}: {known[name].DESCRIPTION}\n")
        sys.stdout.flush()
        try:
            result = known[name].run(options)
        except NotHere as error:
            sys.stdout.write(f"  not measured: {error}\n")
            continue
        sys.stdout.write(table(result) + "\n")
        if not options.quick:
            file = keep(name, known[name].DESCRIPTION, result, options)
            sys.stdout.write(f"  kept in bench/results/{file.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
