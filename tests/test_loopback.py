"""What tests share of loopback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.loopback import free_ports

pytestmark = pytest.mark.fast


def test_a_port_that_a_test_was_given_is_given_to_no_other_run() -> None:
    mine = free_ports(3)
    assert len({*mine, *free_ports(3)}) == 6
    code = f"from tests.loopback import _take; print([_take(port) for port in {mine}])"
    other = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == "[False, False, False]"
