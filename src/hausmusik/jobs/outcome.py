"""What a finished job means to who asked for it: nothing, or one error that says it all. Knows nothing of running."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final

from hausmusik.codec import error_of
from hausmusik.errors import Cancelled, HausmusikError, PartialFailure
from hausmusik.jobs.journal import Journal
from hausmusik.jobs.model import Counts, Job

SHOWN: Final = 3


def raise_for(journal: Journal, job: Job, counts: Counts, fresh: Mapping[str, HausmusikError]) -> None:
    """Raise what a job that is over, or has been given up, amounts to.

    Args:
        journal: For the errors of steps that failed earlier or in other processes.
        job: The job.
        counts: Of its steps.
        fresh: The errors of this process by step key, with everything that they carry.

    Raises:
        Cancelled: the job was cancelled.
        HausmusikError: nothing was done, and all steps failed in the same way.
        PartialFailure: anything else that has failures.
    """
    if job.state == "cancelled":
        raise Cancelled(f"the job was cancelled; {counts.done} of {counts.total} steps are done and kept")
    if not counts.failed:
        return
    failed = list(islice(journal.steps(job.id, "failed"), 1000))
    errors = {step.key: fresh.get(step.key) or error_of(step.error) for step in failed if step.error}
    first = next(iter(errors.values()))
    if counts.total == 1 or (not counts.done and len({error.code for error in errors.values()}) == 1):
        raise first
    shown = "; ".join(f"{key}: {error.message}" for key, error in islice(errors.items(), SHOWN))
    more = f"; and {counts.failed - SHOWN} more" if counts.failed > SHOWN else ""
    raise PartialFailure(
        f"{counts.failed} of {counts.total} steps failed: {shown}{more}",
        hint=first.hint or "what is done is kept; run it again to try the others",
    ) from first
