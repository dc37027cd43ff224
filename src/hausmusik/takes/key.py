"""The name of a take: one hash over all that shapes its bytes.

Canonical request (with its seed and lexicon), the weights' hashes, the engine's revision, the instrument's options and
pins, and the numeric class; never the host's name, so that a draft made on one machine of a class is found on another.
Source: design decision 5.
"""

from __future__ import annotations

import hashlib

import msgspec

from hausmusik.seams import TakeIdentity
from hausmusik.types import Request

KEY_VERSION = 2


def canonical_request(request: Request) -> bytes:
    """Return the request as JSON with sorted keys; equal requests give equal bytes."""
    return msgspec.json.encode(request, order="sorted")


def take_key(request: Request, identity: TakeIdentity) -> str:
    """Return the take's key, 64 hex digits."""
    return content_key(canonical_request(request), identity)


def content_key(canonical: bytes, identity: TakeIdentity) -> str:
    """Return the key of what a request in its canonical form makes, 64 hex digits; `take_key` for requests as bytes."""
    parts = (
        f"take/{KEY_VERSION}".encode(),
        canonical,
        identity.instrument.encode(),
        identity.engine_revision.encode(),
        identity.weights.encode(),
        identity.setup.encode(),
        identity.numeric_class.encode(),
    )
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()
