"""How much of each limit a stack uses, as far as its resources tell."""

from edgewright.engine.resources import Capture
from edgewright.platforms import each_part
from edgewright.platforms.counter import Used


def usage(capture: Capture) -> dict[str, Used]:
    """Return limit id to the most that this stack uses of it; limits of which the resources say nothing are left out.

    A quota of the account (how many Workers, how many policies) counts this stack's own only. Files are read from the
    program's folder; what is unknown in a preview is left out.
    """
    from edgewright_policies.archives import files_relative_to

    from edgewright.guard.evaluate import stack_view

    stack = stack_view(capture)
    with files_relative_to(capture.program_dir or capture.project_dir):
        found = {name: used for part in each_part("usage") for name, used in part.Usage(stack).all()}
    return {name: each for name, each in found.items() if each is not None and each.amount}
