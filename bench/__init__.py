"""Benchmarks: `python -m bench` runs them all, `python -m bench NAME...` some. Results are kept in `bench/results/`.

A benchmark is a module of this package with

    DESCRIPTION = "one line"

    def run(options: Options) -> Result: ...

Numbers of one machine say little by themselves: what is compared is measured interleaved in one run, and told as ratios
with their spread.
"""
