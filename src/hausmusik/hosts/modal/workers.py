"""The deployed classes of one account, looked up once, and what their calls raise as our errors.

Modal's client resolves a name once, and speaks of that very class from then on; whoever undeploys an app and deploys it
again makes another one under its name. So what is not found is looked up once more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from hausmusik.errors import HausmusikError, NotFoundError
from hausmusik.hosts.modal.account import Account
from hausmusik.hosts.modal.declaration import Declaration
from hausmusik.hosts.modal.mapping import error_from

T = TypeVar("T")


class Gone(Exception):
    """What a play was called of is not deployed any more; another class may have been since it was looked up.

    Args:
        error: For the caller, if none has.
    """

    def __init__(self, error: NotFoundError) -> None:
        super().__init__(error.message)
        self.error = error


class Workers:
    """Finds what is deployed.

    Args:
        account: Whose.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._found: dict[str, Any] = {}

    async def of(self, declaration: Declaration) -> Any:
        """Return the instance of an instrument's class by which containers are called; asks Modal at its first call.

        Raises:
            MissingExtra, AuthError: there is no modal here, or no account.
        """
        client = await self._account.client()
        import modal  # noqa: PLC0415 - only where somebody plays there

        if declaration.instrument not in self._found:
            found = modal.Cls.from_name(
                declaration.app,
                declaration.worker,
                environment_name=self._account.environment or None,
                client=client,
            )
            self._found[declaration.instrument] = found()
        return self._found[declaration.instrument]

    async def ask(self, declaration: Declaration, question: Callable[[Any], Awaitable[T]]) -> T:
        """Return what the instance answers to a question; it is put once more to what was deployed in its place.

        Raises:
            HausmusikError: what the call raised, or that there is no account or nothing deployed.
        """
        try:
            try:
                return await question(await self.of(declaration))
            except Exception as error:
                if not isinstance(self.error(error, declaration), NotFoundError):
                    raise
                return await question(await self.of(declaration))
        except Exception as error:
            raise self.error(error, declaration) from error

    def error(self, error: BaseException, declaration: Declaration) -> HausmusikError:
        """Return our error for what a call raised; what is not there is looked up again, as it may come back."""
        mapped = error_from(error, declaration.instrument, declaration.timeout_s)
        if isinstance(mapped, NotFoundError):
            self._found.pop(declaration.instrument, None)
        return mapped

    async def cancel(self, call: str) -> None:
        """Cancel a call by Modal's id of it."""
        import modal  # noqa: PLC0415

        await modal.FunctionCall.from_id(call, client=await self._account.client()).cancel.aio()
