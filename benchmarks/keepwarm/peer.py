"""simfaas on memoryless traffic, in its own interpreter; prints one JSON object. Knows nothing of ours.

python benchmarks/keepwarm/peer.py MEAN_GAP_S BUSY_S COLD_S WINDOW_S TIME_S
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from simfaas.ServerlessSimulator import ServerlessSimulator
from simfaas.SimProcess import ConstSimProcess


def main() -> None:
    mean_gap_s, busy_s, cold_s, window_s, time_s = map(float, sys.argv[1:])
    np.random.seed(1)  # noqa: NPY002 -- that is what it draws from
    simulator = ServerlessSimulator(
        arrival_rate=1 / mean_gap_s,
        warm_service_process=ConstSimProcess(rate=1 / busy_s),
        cold_service_process=ConstSimProcess(rate=1 / (busy_s + cold_s)),
        expiration_threshold=window_s,
        max_time=time_s,
    )
    began = time.perf_counter()
    simulator.generate_trace(debug_print=False, progress=False)
    taken_s = time.perf_counter() - began
    simulator.calculate_time_lengths()
    found = {
        "version": version("simfaas"),
        "calls": simulator.total_req_count,
        "cold_fraction": simulator.get_cold_start_prob(),
        "containers": float(simulator.get_average_server_count()),
        "calls_per_s": simulator.total_req_count / taken_s,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
