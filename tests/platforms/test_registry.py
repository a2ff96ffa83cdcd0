"""The registry of platforms: derived from the folders, and each folder offers what is asked of it."""

import inspect

import pytest
from edgewright.platforms import DEFAULT, HOSTS, part_of
from edgewright.platforms.cloudflare import account as cloudflare_account
from edgewright.platforms.cloudflare import answers as cloudflare_answers
from edgewright.platforms.cloudflare import api as cloudflare_api
from edgewright.platforms.cloudflare import options as cloudflare_options
from edgewright.platforms.cloudflare import purge_steps as cloudflare_purge
from edgewright.platforms.cloudflare import settings as cloudflare_settings
from edgewright.platforms.cloudfront import answers as cloudfront_answers
from edgewright.platforms.cloudfront import api as cloudfront_api
from edgewright.platforms.cloudfront import options as cloudfront_options
from edgewright.platforms.cloudfront import purge_steps as cloudfront_purge
from edgewright.platforms.parts import Account, Answers, Options, Settings
from edgewright.platforms.platform import Platform, host_of
from edgewright.platforms.purging import PurgePart

# Held by mypy: a module that lacks a function, or takes other arguments, is no platform's.
APIS: dict[str, Platform] = {"cloudflare": cloudflare_api, "cloudfront": cloudfront_api}
ANSWERS: dict[str, Answers] = {"cloudflare": cloudflare_answers, "cloudfront": cloudfront_answers}
OPTIONS: dict[str, Options] = {"cloudflare": cloudflare_options, "cloudfront": cloudfront_options}
ACCOUNTS: dict[str, Account] = {"cloudflare": cloudflare_account}
SETTINGS: dict[str, Settings] = {"cloudflare": cloudflare_settings}
PURGES: dict[str, PurgePart] = {"cloudflare": cloudflare_purge, "cloudfront": cloudfront_purge}


def test_the_registry_is_what_the_folders_say() -> None:
    assert tuple(sorted(APIS)) == HOSTS
    assert DEFAULT in HOSTS


@pytest.mark.parametrize("name", HOSTS)
def test_each_platform_offers_every_part(name: str) -> None:
    assert host_of(name) is APIS[name]
    assert (part_of(name, "answers"), part_of(name, "purge_steps")) == (ANSWERS[name], PURGES[name])
    assert part_of(name, "options") is OPTIONS[name]
    assert part_of(name, "account") is ACCOUNTS.get(name)
    assert part_of(name, "settings") is SETTINGS.get(name)
    for part in ("gaps", "lifecycle", "usage", "emulate"):
        assert part_of(name, part) is not None, part


@pytest.mark.parametrize("name", HOSTS)
def test_each_function_that_components_call_is_there(name: str) -> None:
    for function, asked in inspect.getmembers(Platform, inspect.isfunction):
        if not function.startswith("_"):
            offered = inspect.signature(getattr(APIS[name], function)).parameters
            assert len(offered) == len(inspect.signature(asked).parameters) - 1, function
