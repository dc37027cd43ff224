"""What one play keeps over its tries: containers die, and others go on where they were. Knows nothing of calls."""

from __future__ import annotations

import math

from hausmusik.hosts.modal.declaration import Declaration
from hausmusik.hosts.replay import Delivered
from hausmusik.seams import EngineOrder
from hausmusik.types import WAITING, Phase, Request, Run, Usage


class Tries:
    """One play, from its first try to its last.

    Args:
        declaration: Of what is deployed.
        order: Who plays.
        request: Checked.
        run: On whose behalf.

    Attributes:
        delivered: What its caller has.
        spent: What was spent that its caller was not told of yet.
        taken_over: Whether Modal has given the newest try's call to another container.
        found_anew: Whether what is deployed was looked up again.
        tries: How many there were.
        ends_s: The run's deadline, by the clock; infinite until it began to play.
        starting_s: Since when a container starts for the newest try; infinite: none does.
    """

    def __init__(self, declaration: Declaration, order: EngineOrder, request: Request, run: Run) -> None:
        self.declaration = declaration
        self.order = order
        self.request = request
        self.run = run
        self.delivered = Delivered()
        self.spent = Usage()
        self.taken_over = False
        self.found_anew = False
        self.tries = 0
        self.ends_s = math.inf
        self.starting_s = math.inf

    def seen(self, phase: Phase, now_s: float) -> Phase:
        """Take note of since when containers start for it, and pass the phase on."""
        if phase.name not in WAITING:
            self.starting_s = min(self.starting_s, now_s)
        return phase

    def lost(self, now_s: float) -> None:
        """Count a start that nothing came of: Modal has given it up before a container answered."""
        self.spent += Usage(boot_s=max(0.0, now_s - self.starting_s))
        self.starting_s = math.inf
        self.delivered.restart()
