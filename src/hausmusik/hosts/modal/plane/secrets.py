"""Secrets: named sets of environment variables. Their values are never logged, listed or told to a client."""

from __future__ import annotations

from grpclib import GRPCError, Status
from modal_proto import api_pb2

from hausmusik.hosts.modal.plane.messages import make
from hausmusik.hosts.modal.plane.routes import Routes
from hausmusik.hosts.modal.plane.state import Secret, State, by_name


class Secrets:
    """Secrets.

    Args:
        state: Where they are kept.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> Routes:
        """Return what is answered here."""
        return Routes(unary={"SecretGetOrCreate": self.get_or_create})

    async def get_or_create(self, request: api_pb2.SecretGetOrCreateRequest) -> api_pb2.SecretGetOrCreateResponse:
        """Find a secret or make one; in a plane for dry runs every named one exists, with all required keys."""
        name, kind = request.deployment_name, request.object_creation_type
        secret_id = by_name(self._state.secrets, name)
        if secret_id is not None and kind == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise GRPCError(Status.ALREADY_EXISTS, f"a secret named {name!r} exists")
        overwrite = kind == api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS
        if secret_id is None or overwrite:
            values = dict(request.env_dict)
            if secret_id is None and kind == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
                if self._state.options.containers == "run":
                    raise GRPCError(Status.NOT_FOUND, f"the local plane has no secret named {name!r}")
                values = dict.fromkeys(request.required_keys, "")
            secret_id = secret_id or self._state.new_id("st")
            self._state.secrets[secret_id] = Secret(name, values)
        missing = [each for each in request.required_keys if each not in self._state.secrets[secret_id].values]
        if missing:
            raise GRPCError(Status.FAILED_PRECONDITION, f"the secret {name!r} lacks {', '.join(missing)}")
        metadata = make(api_pb2.SecretMetadata, name=name)
        return make(api_pb2.SecretGetOrCreateResponse, secret_id=secret_id, metadata=metadata)
