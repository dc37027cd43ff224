"""Downloads one file of a model hub over HTTPS at a pinned revision, and goes on where an earlier try stopped.

URL form: `{endpoint}/{repo}/resolve/{revision}/{path}` (Hugging Face). The key is sent to that host only. Redirects
lead to https only. Nothing is trusted: the caller checks the hash. Which hub, and with which key, the settings say.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import quote, urlsplit

import msgspec

from hausmusik.instruments.model import HubSource
from hausmusik.weights.tools import DISK_TROUBLE, SourceFailed

ENDPOINT: Final = "https://huggingface.co"
BLOCK_BYTES: Final = 1 << 18
TIMEOUT_S: Final = 30.0
TRIES: Final = 3
PAUSE_S: Final = 0.5
PROBE_TIMEOUT_S: Final = 3.0


class Hub(msgspec.Struct, frozen=True):
    """Which hub.

    Args:
        endpoint: Its address, by https or on loopback.
        token: A key for it; empty: none.
    """

    endpoint: str = ENDPOINT
    token: str = ""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to https only (or within loopback), and keeps the token from other hosts."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https" and not (_on_loopback(req.full_url) and _on_loopback(newurl)):
            raise SourceFailed("the hub redirects to an address that is not https")
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            following.remove_header("Authorization")
        return following


def fetch(source: HubSource, target: Path, size_bytes: int, hub: Hub) -> Iterator[int]:
    """Download a file to `target`, appending to what is already there; yield the bytes that are there so far.

    Args:
        source: What to get.
        target: May hold the beginning of an earlier try.
        size_bytes: Pinned size; the file never grows beyond it.
        hub: Where it is.

    Raises:
        SourceFailed: not reachable, refused, too long; what came stays for the next try unless it is too long.
    """
    url = f"{_endpoint(hub)}/{source.repo}/resolve/{quote(source.revision)}/{quote(source.path)}"
    for attempt in range(1, TRIES + 1):
        try:
            yield from _attempt(url, target, size_bytes, hub.token)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code < 500 or attempt == TRIES:
                raise SourceFailed(_reason(error.code)) from error
        except ValueError:  # it may quote the key
            raise SourceFailed("the hub's address or the key for it cannot be sent") from None
        except (OSError, HTTPException) as error:
            if getattr(error, "errno", None) in DISK_TROUBLE:
                raise
            if attempt == TRIES:
                raise SourceFailed(f"the hub cannot be reached: {getattr(error, 'reason', error)}") from error
        else:
            return
        time.sleep(PAUSE_S * attempt)


def answers(hub: Hub) -> bool:
    """Return whether the hub answers at all, whatever it says; waits 3 s at most."""
    try:
        request = urllib.request.Request(_endpoint(hub), method="HEAD")  # noqa: S310 - https only, see _endpoint
        urllib.request.build_opener(_Redirects).open(request, timeout=PROBE_TIMEOUT_S).close()
    except urllib.error.HTTPError as error:
        error.close()
    except (OSError, HTTPException, ValueError, SourceFailed):
        return False
    return True


def _attempt(url: str, target: Path, size_bytes: int, token: str) -> Iterator[int]:
    have = target.stat().st_size if target.exists() else 0
    if have >= size_bytes:
        return
    request = urllib.request.Request(url, headers=_headers(have, token))  # noqa: S310 - https only, see _endpoint
    opener = urllib.request.build_opener(_Redirects)
    with opener.open(request, timeout=TIMEOUT_S) as response:
        if response.status != 206 or not _continues(response.headers, have):
            have = 0
        with target.open("r+b" if have else "wb") as file:
            file.seek(have)
            yield have
            while block := response.read(BLOCK_BYTES):
                have += len(block)
                if have > size_bytes:
                    file.close()
                    target.unlink()
                    raise SourceFailed("the data are longer than the pinned size")
                file.write(block)
                yield have
    if have < size_bytes:
        raise HTTPException(f"the connection ended after {have} of {size_bytes} bytes")


def _headers(have: int, token: str) -> dict[str, str]:
    headers = {"User-Agent": "hausmusik", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _continues(headers: Any, have: int) -> bool:
    return str(headers.get("Content-Range", "")).startswith(f"bytes {have}-")


def _endpoint(hub: Hub) -> str:
    if urlsplit(hub.endpoint).scheme != "https" and not _on_loopback(hub.endpoint):
        raise SourceFailed("the hub's address must be https")
    return hub.endpoint


def _on_loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}


def _reason(status: int) -> str:
    known = {401: "it wants a key (HF_TOKEN)", 403: "it refuses the key (HF_TOKEN)", 404: "no such file there"}
    return f"the hub answered {status}: {known.get(status, 'no reason given')}"
