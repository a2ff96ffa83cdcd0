"""Rows of an EdgeApi's limits. What goes over one ends the runtime of all programs: these run apart from the others."""

import re
from typing import Any

from tests.effect.edge import Edge
from tests.effect.given import Given, given
from tests.effect.rows import CLOUDFLARE, CLOUDFRONT, Effect, Recorded, Refused, Row
from tests.effect.table.edge_api import BASE, reads

BURNS = {"handler": "burns.js"}


def burning(**limits: Any) -> Given:
    """An API whose handler needs seconds of CPU time at `/x/long`, and never ends elsewhere."""
    api: dict[str, Any] = {"limits": limits} if limits else {}
    return given(endpoint=BURNS, **api)


def ended(path: str) -> Any:
    """What a request came to: `done`, or the limit that it is told to be over, with the platform's code."""

    def see(edge: Edge) -> object:
        answer = edge.ask(path)
        if answer.status_code == 200:
            return "done"
        problem = answer.json()
        found = re.search(r"used more than (\d+) ms of CPU time", problem["detail"])
        assert found is not None, problem
        return answer.status_code, problem["error_code"], int(found[1])

    return see


ROWS: tuple[Row, ...] = (
    Effect(
        "EdgeApi.limits",
        CLOUDFLARE,
        burning(),
        burning(cpu_ms=50),
        ended("/x/long"),
        ("done", (503, 1102, 50)),
    ),
    Effect(
        "EdgeApi.limits.cpu_ms",
        CLOUDFLARE,
        burning(cpu_ms=50),
        burning(cpu_ms=80),
        ended("/x/for-ever"),
        ((503, 1102, 50), (503, 1102, 80)),
    ),
    Recorded(
        "EdgeApi.limits.subrequests",
        CLOUDFLARE,
        BASE,
        given(limits={"subrequests": 20}),
        reads("WorkerVersion", "limits", "subrequests"),
        (None, 20),
        "request-limits",
        "workerd here does not count subrequests.",
    ),
    *(
        Refused(
            f"EdgeApi.limits{part}",
            CLOUDFRONT,
            given(limits={"cpu_ms": 20}),
            "limits: is of use to host 'cloudflare' only",
            "5 s and 128 MB",
        )
        for part in ("", ".cpu_ms", ".subrequests")
    ),
)
