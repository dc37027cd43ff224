"""The K-weighting of ITU-R BS.1770: a high shelf (the head) and a high pass (the ear), as mean squares per 100 ms.

The filter is recursive, and numpy has no recursive filter. So it is written as a linear system of four states and run
over whole stretches at once: within a stretch of about 80 samples the output is one matrix product of the input plus
the states' decay, the states at all stretches of 100 ms are one more product, and only from one 100 ms to the next
there is a loop. This is exact (no truncated response), needs 0.5 ms per second of stereo on the machine it was
written on, and agrees with FFmpeg's `ebur128` to 0.01 LU. Knows nothing of gates or loudness units.

Source: ITU-R BS.1770-5 annex 1; the analogue prototypes behind its 48 kHz coefficients after B. De Man, "Evaluation
of implementations of the EBU R128 loudness measurement", AES 145 (2018), which give the coefficients at other rates.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hausmusik.types import FloatArray

Matrix = npt.NDArray[np.float64]


def k_weighting_coefficients(sample_rate_hz: int) -> tuple[tuple[Matrix, Matrix], tuple[Matrix, Matrix]]:
    """Return the two second-order sections, each as numerator and denominator `(b, a)` with a[0] = 1."""
    k = math.tan(math.pi * min(1681.974450955533 / sample_rate_hz, 0.45))  # there is no shelf above Nyquist
    quality, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    scale = 1.0 + k / quality + k * k
    shelf = (
        np.array([high + middle * k / quality + k * k, 2 * (k * k - high), high - middle * k / quality + k * k])
        / scale,
        np.array([1.0, 2.0 * (k * k - 1.0) / scale, (1.0 - k / quality + k * k) / scale]),
    )
    k = math.tan(math.pi * 38.13547087602444 / sample_rate_hz)
    quality = 0.5003270373238773
    scale = 1.0 + k / quality + k * k
    high_pass = (
        np.array([1.0, -2.0, 1.0]),
        np.array([1.0, 2.0 * (k * k - 1.0) / scale, (1.0 - k / quality + k * k) / scale]),
    )
    return shelf, high_pass


class KWeighting:
    """Turns a stream into K-weighted energies of 100 ms each. Not thread-safe.

    Args:
        sample_rate_hz: 1,000 to 384,000.
        channels: 1 to 8.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self.hop, self._stretch = _hop_and_stretch(sample_rate_hz)
        self._waiting = np.zeros((channels, 0), np.float32)
        self._states = np.zeros((channels, 4))
        self._prepare(*_cascade(*k_weighting_coefficients(sample_rate_hz)))

    def push(self, samples: FloatArray) -> Matrix:
        """Take float32 `(channels, n)` and return the mean square of every 100 ms completed: `(channels, m)`."""
        joined = np.concatenate([self._waiting, samples], axis=1) if self._waiting.shape[1] else samples
        hops = joined.shape[1] // self.hop
        self._waiting = joined[:, hops * self.hop :].copy()
        energies = np.empty((joined.shape[0], hops))
        for hop in range(hops):  # one at a time: its arrays stay in the cache and below malloc's limit for fresh pages
            energies[:, hop] = self._energy(joined[:, hop * self.hop : (hop + 1) * self.hop])
        return energies

    def finish(self) -> Matrix:
        """Return the mean square of the begun 100 ms, `(channels, 0 or 1)`, over the frames there are."""
        rest = self._waiting.shape[1]
        if rest == 0:
            return np.zeros((self._waiting.shape[0], 0))
        padded = np.pad(self._waiting, ((0, 0), (0, self.hop - rest)))
        return self._energy(padded)[:, None] * (self.hop / rest)

    def _prepare(self, a: Matrix, b: Matrix, c: Matrix, d: float) -> None:
        """Work out the matrices of one stretch of `n` samples and of one hop of `m` stretches.

        With states s, input x and output y: s' = a s + b x, y = c s + d x.
        """
        n, m = self._stretch, self.hop // self._stretch
        powers = [np.eye(4)]
        for _ in range(n):
            powers.append(a @ powers[-1])
        response = np.array([d] + [float(c @ powers[i] @ b) for i in range(n - 1)])
        lag = np.arange(n)[None, :] - np.arange(n)[:, None]
        toeplitz = np.where(lag >= 0, response[np.maximum(lag, 0)], 0.0)
        self._input_to_output = toeplitz.astype(np.float32)  # Shape: (n in, n out)
        self._states_to_output = np.stack([c @ powers[i] for i in range(n)], axis=1, dtype=np.float32)  # (4, n out)
        self._input_to_states = np.stack([powers[n - 1 - i] @ b for i in range(n)], dtype=np.float32)  # (n in, 4)
        leaps = [np.eye(4)]
        for _ in range(m):
            leaps.append(powers[n] @ leaps[-1])
        carry = np.zeros((4 * m, 4 * (m + 1)))  # what each stretch adds to the states at each later stretch's start
        for source in range(m):
            for target in range(source + 1, m + 1):
                carry[4 * source : 4 * source + 4, 4 * target : 4 * target + 4] = leaps[target - source - 1].T
        self._carry = carry
        self._decay = np.concatenate([leap.T for leap in leaps], axis=1)  # (4, 4 * (m + 1))

    def _energy(self, samples: FloatArray) -> Matrix:
        """Return the mean square of one hop, `(channels,)`, and move the states on."""
        channels = samples.shape[0]
        x = np.ascontiguousarray(samples).reshape(-1, self._stretch)  # Shape: (channels * m, n)
        states = (x @ self._input_to_states).reshape(channels, -1) @ self._carry  # (channels, 4 * (m + 1))
        states += self._states @ self._decay
        self._states = states[:, -4:].copy()
        self._states[np.abs(self._states) < 1e-30] = 0.0  # numbers that small are slow, and nothing is that quiet
        y = x @ self._input_to_output
        y += states[:, :-4].reshape(-1, 4).astype(np.float32) @ self._states_to_output
        by_channel = y.reshape(channels, -1)
        return np.einsum("ij,ij->i", by_channel, by_channel).astype(np.float64) / self.hop


def _hop_and_stretch(sample_rate_hz: int) -> tuple[int, int]:
    """Return the frames of 100 ms and a divisor of it near 100; at odd rates (12,345 Hz) the hop is up to 2 % off."""
    hop = round(sample_rate_hz / 10)
    stretch = max(size for size in range(1, 129) if hop % size == 0)
    if stretch < 24:
        stretch = 48
        hop = max(1, round(hop / stretch)) * stretch
    return hop, stretch


def _cascade(first: tuple[Matrix, Matrix], second: tuple[Matrix, Matrix]) -> tuple[Matrix, Matrix, Matrix, float]:
    """Return the state-space form of two sections in a row: (4, 4), (4,), (4,), scalar."""
    a1, b1, c1, d1 = _section(*first)
    a2, b2, c2, d2 = _section(*second)
    a = np.zeros((4, 4))
    a[:2, :2], a[2:, 2:], a[2:, :2] = a1, a2, np.outer(b2, c1)
    return a, np.concatenate([b1, b2 * d1]), np.concatenate([d2 * c1, c2]), d1 * d2


def _section(b: Matrix, a: Matrix) -> tuple[Matrix, Matrix, Matrix, float]:
    """Return the state-space form (transposed direct form II) of one section."""
    system = np.array([[-a[1], 1.0], [-a[2], 0.0]])
    return system, np.array([b[1] - a[1] * b[0], b[2] - a[2] * b[0]]), np.array([1.0, 0.0]), float(b[0])
