"""Connecting to an account, and giving the connection back."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("modal")

from hausmusik.errors import AuthError, HostUnavailable
from hausmusik.hosts.modal import account as module
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.plane import Plane, PlaneOptions


@pytest.fixture
def plane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plane]:
    made = Plane(tmp_path / "plane", PlaneOptions(containers="none"))
    for name, value in made.__enter__().variables().items():
        monkeypatch.setenv(name, value)
    yield made
    made.close()


async def test_a_connection_is_made_once_and_given_back(plane: Plane) -> None:
    account = Account()
    first = await account.client()
    assert await account.client() is first
    await account.disconnect()
    assert first.is_closed()
    await account.disconnect()
    second = await account.client()
    assert second is not first
    await account.disconnect()


async def test_a_client_that_was_given_is_not_ours_to_close(plane: Plane) -> None:
    given = await asyncio.to_thread(plane.client)
    account = Account(client=given)
    await account.disconnect()
    assert await account.client() is given
    assert not given.is_closed()


async def test_a_profile_that_is_not_there(plane: Plane) -> None:
    with pytest.raises(AuthError, match="no profile 'nobody-has-this'"):
        await Account("nobody-has-this").client()


def test_a_token_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODAL_TOKEN_ID", "a\nb")
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-1")
    with pytest.raises(AuthError, match="has characters that none has") as told:
        Account().credentials()
    assert "a\nb" not in str(told.value)


@pytest.mark.parametrize("text", ["[broken", "x = 5", "\udcff"])
def test_settings_of_modals_own_that_are_broken(tmp_path: Path, text: str) -> None:
    settings = tmp_path / "modal.toml"
    settings.write_text(text, "utf-8", "surrogateescape")
    program = "from hausmusik.hosts.modal.account import check_modal\ntry: check_modal()\nexcept Exception as e: print(repr(e))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | {"MODAL_CONFIG_PATH": str(settings)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("ConfigError"), done.stdout + done.stderr
    assert "Modal's own settings cannot be read" in done.stdout


async def test_an_account_that_cannot_be_reached_is_told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SERVER_URL": "http://127.0.0.1:9", "TOKEN_ID": "ak-1", "TOKEN_SECRET": "as-1"}.items():
        monkeypatch.setenv(f"MODAL_{name}", value)
    monkeypatch.setattr(module, "REACH_S", 0.3)
    account = Account()
    with pytest.raises(HostUnavailable, match=r"Modal cannot be reached: it has not answered for 0\.3 s") as told:
        await account.client()
    assert "status.modal.com" in told.value.hint
    assert not account.is_connected
    await account.disconnect()


def test_a_command_of_modals_own_speaks_for_the_same_account() -> None:
    given = {"MODAL_TOKEN_ID": "ak-1", "MODAL_TOKEN_SECRET": "as-1", "PATH": "/bin"}
    assert Account().variables(given) == given
    assert Account("work").variables(given) == {"PATH": "/bin", "MODAL_PROFILE": "work"}
