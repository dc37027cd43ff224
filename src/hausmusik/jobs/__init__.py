"""Work that survives: a journal of jobs and their steps, and the runner that works through one.

`Journal` keeps what is to be done and what is done; `run_steps` plays the steps of one job, some at a time; `Limit`
follows what a host can take; `Stop` is what Ctrl-C sets. Knows nothing of what a step does, of hosts or of money.
"""

from hausmusik.jobs.journal import Journal
from hausmusik.jobs.limit import Limit
from hausmusik.jobs.model import Counts, Job, NewStep, Progress, Step
from hausmusik.jobs.retry import Retry
from hausmusik.jobs.runner import run_steps
from hausmusik.jobs.stop import Stop

__all__ = ["Counts", "Job", "Journal", "Limit", "NewStep", "Progress", "Retry", "Step", "Stop", "run_steps"]
