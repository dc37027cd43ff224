"""The user's Modal account: which profile and environment, and the client that speaks for it.

Tokens stay where Modal's own tools put them (`modal token new`, MODAL_TOKEN_ID); we read none and write none. Knows
nothing of instruments.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import io
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from hausmusik.errors import AuthError, ConfigError, MissingExtra
from hausmusik.hosts.modal.mapping import error_from, unreachable

if TYPE_CHECKING:
    import modal

REACH_S: Final = 20.0
"""Modal's own client goes on trying for a minute without a word."""


def check_modal() -> None:
    """Import Modal's package, which reads its own settings.

    Raises:
        MissingExtra: it is not installed.
        ConfigError: its settings are broken.
    """
    if "modal" in sys.modules:
        return  # nor is the stdout of others' threads turned aside again
    if importlib.util.find_spec("modal") is None:
        raise MissingExtra("the Python package modal is not installed", hint="pip install 'hausmusik[modal]'")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # where it would ask the user to write to its makers
            importlib.import_module("modal")
    except Exception as error:
        raise ConfigError(
            f"Modal's own settings cannot be read: {' '.join(str(error).split())}",
            hint="look at ~/.modal.toml and at the variables that begin with MODAL_",
        ) from error


class Account:
    """One workspace of Modal, connected when it is first needed.

    Args:
        profile: Of Modal's settings file; empty: the active one.
        environment: Modal environment; empty: the workspace's default.
        client: Instead of one of the settings: that of our own control plane.

    Attributes:
        workspace: Its name, with that of the environment behind a slash if one was chosen; empty until `client` was
            called, or where Modal does not tell.
    """

    def __init__(self, profile: str = "", environment: str = "", *, client: modal.Client | None = None) -> None:
        self.profile = profile
        self.environment = environment
        self.workspace = ""
        self._asked = False
        self._client = client
        self._connected = False
        self._connecting = asyncio.Lock()

    @property
    def is_connected(self) -> bool:
        """Whether `client` has answered."""
        return self._asked and self._client is not None

    async def client(self) -> modal.Client:
        """Return the client; the first call asks the account who it is.

        Raises:
            MissingExtra: modal is not installed.
            AuthError: no token, one that is refused, or no such profile.
            HostUnavailable: Modal cannot be reached within `REACH_S`.
        """
        async with self._connecting:
            try:
                async with asyncio.timeout(REACH_S):
                    if self._client is None:
                        self._client = await self._connect()
                        self._connected = True
                    if not self._asked:
                        self.workspace = await self._name(self._client)
                        self._asked = True
            except TimeoutError as error:
                raise unreachable(f"it has not answered for {REACH_S:g} s") from error
            except Exception as error:
                raise error_from(error, "the account") from error
        return self._client

    async def disconnect(self) -> None:
        """Give the connection back, if there is one of our own making; the next `client` makes a new one."""
        async with self._connecting:
            connected, self._connected = self._connected, False
            if connected and self._client is not None:
                client, self._client = self._client, None
                await client.__aexit__(None, None, None)

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a command of Modal's own that is to speak for this account too."""
        if not self.profile:
            return dict(environment)
        rest = {name: value for name, value in environment.items() if not name.startswith("MODAL_TOKEN_")}
        return rest | {"MODAL_PROFILE": self.profile}

    async def _name(self, client: modal.Client) -> str:
        import modal  # noqa: PLC0415 - only where somebody plays there

        try:
            name = (await modal.Workspace.from_context(client=client).hydrate.aio()).name or ""
        except Exception as error:
            if isinstance(error, modal.exception.AuthError | modal.exception.ConnectionError):
                raise
            return ""  # a key that may not ask for the name plays as well
        return f"{name}/{self.environment}" if name and self.environment else name

    def credentials(self) -> tuple[str, str]:
        """Return the token's id and secret; asks nobody.

        Raises:
            MissingExtra: modal is not installed.
            AuthError: no token, one that cannot be any, or no such profile.
            ConfigError: Modal's settings are broken.
        """
        check_modal()
        import modal.config  # noqa: PLC0415 - only where somebody plays there

        profile = self.profile or None
        if profile and profile not in modal.config.config_profiles():
            raise AuthError(f"Modal's settings have no profile {profile!r}", hint="see `modal profile list`")
        key = modal.config.config.get("token_id", profile=profile, use_env=not profile)
        secret = modal.config.config.get("token_secret", profile=profile, use_env=not profile)
        if not key or not secret:
            raise AuthError(
                "there is no Modal token here", hint="make an account on modal.com, then run `modal token new`"
            )
        if not all(re.fullmatch(r"[!-~]+", str(each)) for each in (key, secret)):
            raise AuthError("the Modal token here has characters that none has", hint="run `modal token new`")
        return str(key), str(secret)

    async def _connect(self) -> modal.Client:
        key, secret = self.credentials()
        import modal  # noqa: PLC0415 - only where somebody plays there

        return await modal.Client.from_credentials.aio(key, secret)
