"""A small, real origin: a products API and static files over HTTP/1.1, with faults that can be switched on.

Run it with `python -m examples.origins --region us --port 9101`; see `--help`.
"""
