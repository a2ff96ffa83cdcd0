"""Reports of a check, one module a format. Each takes one stack's verdict, or those of several."""

from collections.abc import Callable, Mapping

from edgewright.guard.formats import github, json, junit, markdown, sarif, text
from edgewright.guard.gate import Unjudged, Verdict

FORMATS: Mapping[str, Callable[..., str]] = {
    "text": text.render,
    "json": json.render,
    "sarif": sarif.render,
    "junit": junit.render,
    "markdown": markdown.render,
    "github": github.render,
}
"""Format to what renders it."""

__all__ = ["FORMATS", "Unjudged", "Verdict"]
