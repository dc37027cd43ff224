"""Deploying instruments, looking at what is deployed, and taking it away again.

The same steps whether the account is the user's or the control plane on this machine, which is what makes a dry run
worth something. Knows nothing of money.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator
from typing import Any, Final, cast

import msgspec

from hausmusik.errors import HausmusikError, HostUnavailable, NotFoundError
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.declaration import APP_PREFIX, DIGEST_TAG, Declaration
from hausmusik.hosts.modal.mapping import deploying_error_from, error_from, listing_error_from
from hausmusik.types import Phase
from hausmusik.weights.store import WeightsStore

LONGEST_LINE_BYTES: Final = 1 << 24


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument that is deployed.

    Args:
        instrument: Catalogue id.
        app: Name of its app.
        digest: Of the declaration that was deployed; empty: not by this version of ours.
        containers: How many are up now, each of which is paid for.
    """

    instrument: str
    app: str
    digest: str
    containers: int


class Deployer:
    """Deploys to one account.

    Args:
        account: Whose.
        store: Where weights are on this machine.
    """

    def __init__(self, account: Account, store: WeightsStore) -> None:
        self._account = account
        self._store = store

    async def deploy(self, declaration: Declaration, *, send: bool = True) -> AsyncGenerator[Phase]:
        """Send weights, build the image, publish the app: all of it by Modal, with progress as phases.

        Args:
            declaration: What.
            send: Whether weights on this machine are sent; not where only what is declared matters.

        Raises:
            MissingExtra, AuthError: there is no modal here, or no account.
            HostUnavailable: Modal cannot be reached, or took too long.
            ConfigError: it refused what was declared, or a step of the image failed.
            NotFoundError: a secret or the environment is not there.
        """
        client = await self._account.client()
        from hausmusik.hosts.modal.app import app_of, set_path, uploads, weights_volume  # noqa: PLC0415 - needs modal

        try:
            volume, volume_id = weights_volume(self._account.environment, client), ""
            if declaration.weights_in == "volume":
                volume_id = (await volume.hydrate.aio()).object_id
            for number, weights in enumerate(sets := uploads(declaration, self._store) if send else ()):
                yield Phase(name="upload", done=number / len(sets))
                path = set_path(weights)
                if not await _is_there(volume, path):
                    async with volume.batch_upload(force=True) as batch:
                        batch.put_directory(self._store.folder / path, path)
            yield Phase(name="build")
            app = app_of(declaration, self._store, volume_id)
            environment = self._account.environment or None
            await app.deploy.aio(client=client, environment_name=environment)
            yield Phase(name="build", done=1.0)
        except HausmusikError:
            raise
        except Exception as error:
            raise deploying_error_from(error, declaration.instrument) from error

    async def deployed(self) -> tuple[Deployed, ...]:
        """Return what of ours is deployed, by name; one that goes while it is looked at is left out.

        Raises:
            MissingExtra, AuthError: there is no modal here, or no account.
            HostUnavailable: Modal cannot be reached.
            NotFoundError: the environment is not there.
        """
        client = await self._account.client()
        import modal  # noqa: PLC0415
        import modal.experimental  # noqa: PLC0415

        environment = self._account.environment
        listing: Any = modal.experimental.list_deployed_apps
        found: list[Deployed] = []
        try:
            for each in await listing.aio(environment_name=environment, client=client):
                if not each.name.startswith(APP_PREFIX):
                    continue
                try:
                    app = await modal.App.lookup.aio(each.name, client=client, environment_name=environment or None)
                    tags = await app.get_tags.aio(client=client)
                except modal.exception.NotFoundError:  # undeployed by somebody else since it was listed
                    continue
                found.append(
                    Deployed(
                        instrument=each.name.removeprefix(APP_PREFIX),
                        app=each.name,
                        digest=tags.get(DIGEST_TAG, ""),
                        containers=each.containers,
                    )
                )
        except Exception as error:
            raise listing_error_from(error) from error
        return tuple(sorted(found, key=lambda each: each.instrument))

    async def undeploy(self, instrument: str) -> None:
        """Stop an app and all its containers; its weights stay in their Volume.

        Raises:
            NotFoundError: it is not deployed.
        """
        client = await self._account.client()
        import modal  # noqa: PLC0415
        import modal.experimental  # noqa: PLC0415

        name, environment = _app(instrument), self._account.environment or None
        try:
            app: Any = await modal.App.lookup.aio(name, client=client, environment_name=environment)
            if hasattr(app, "stop"):
                await app.stop.aio(client=client)
            else:  # modal 1.5
                old: Any = modal.experimental.stop_app
                await old.aio(name, client=client, environment_name=environment)
        except Exception as error:
            raise error_from(error, instrument) from error


async def logs(instrument: str, account: Account) -> AsyncGenerator[str]:
    """Yield the lines that an instrument's containers have printed, by Modal's own command.

    Raises:
        MissingExtra, AuthError: there is no modal here, or no account.
        NotFoundError: it is not deployed.
        HostUnavailable: Modal cannot be reached, or the command cannot be run.
    """
    client = await account.client()
    import modal  # noqa: PLC0415

    app, environment = _app(instrument), account.environment or None
    try:
        await modal.App.lookup.aio(app, client=client, environment_name=environment)
    except Exception as error:
        raise error_from(error, instrument) from error
    command = [sys.executable, "-m", "modal", "app", "logs", app, *(["--env", environment] if environment else [])]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=account.variables(os.environ),
            limit=LONGEST_LINE_BYTES,
        )
    except OSError as error:
        raise HostUnavailable(f"modal's command cannot be run: {error.strerror}") from error
    last = ""
    try:
        async for line in cast("asyncio.StreamReader", process.stdout):
            last = line.decode("utf-8", "replace").rstrip("\n")
            yield last
        await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if process.returncode:
        raise HostUnavailable(f"there are no logs of {instrument}: {last}", hint="try again in a minute")


async def _is_there(volume: Any, path: str) -> bool:
    """Return whether a set was sent before; the name of its folder is the hash of what it holds."""
    try:
        return bool(await volume.listdir.aio(f"{path}/origin.json"))
    except Exception as error:
        if "NotFound" in type(error).__name__ or "no such" in str(error).lower():
            return False
        raise


def _app(instrument: str) -> str:
    """Return the name of an instrument's app; the catalogue is not asked, for it may have lost what is deployed."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", instrument):
        raise NotFoundError(f"there is no instrument {instrument!r}", hint="`haus status` lists what is deployed")
    return APP_PREFIX + instrument
