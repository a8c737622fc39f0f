"""What all tests have, of the core and of the plugins."""

import faulthandler
from collections.abc import Generator

import pytest

_PATIENCE = 60
"""Seconds for the end of a test. One that hangs is failed by pytest-timeout, whose alarm rings once: where the end
hangs, too, as where a task does not let itself be cancelled, the process ends and says where it stood."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, None, None]:
    """Limit the end of a test."""
    faulthandler.dump_traceback_later(_PATIENCE, exit=True)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()
