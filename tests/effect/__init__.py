"""The table of effects: what each argument does, on each platform that takes it."""

import pytest

# What fails in there says what it compared.
pytest.register_assert_rewrite("tests.effect.running", "tests.effect.pairs", "tests.effect.sees")
