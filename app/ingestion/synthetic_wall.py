"""A made-up borehole image: for tests, for benchmarks, and for a first look when no well is at hand.

What a micro-resistivity imager would see: dipping beds (sinusoids whose dip and azimuth drift with depth), steep
fractures, vugs, breakouts, and the gaps between the eight strips of a tool that slowly turns on its way up. Dark is
conductive. Every feature is drawn from the seed and the stretch of well it lies in, so that an image of any length
costs the memory of one block, and a shorter image is the beginning of a longer one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]

BLOCK_ROWS = 4096

# metres
HOLE_RADIUS = 0.108
STRETCH = 4.0
REACH = 2.0  # no feature reaches further from its centre
LOG_STEP = 0.00125
MOTTLE_STEP = 0.04

STRIPS = 8
STRIP_COVER = 0.8
BUTTONS = 24  # of each strip

BEDS, MOTTLES, FRACTURES, VUGS, BREAKOUTS, TOOL, NOISE = range(7)


def synthetic_rows(
    rows: int,
    *,
    width: int = 200,
    seed: int = 0,
    top: float = 1500.0,
    step: float = 0.0025,
    pad_gaps: bool = True,
) -> Iterator[tuple[Float64, Float64]]:
    """Chunks of an image of `rows` rows: depths float64 (n,), pixels float64 (n, width) in 0..255, NaN where null.

    top, step: metres, taken to six decimals. At the usual step of 0.0025 m, 1,200,000 rows are 3 km of wall.
    """
    first, spacing = round(top * 1_000_000), round(step * 1_000_000)
    for start in range(0, rows, BLOCK_ROWS):
        # Whole numbers divided: the very float64 that the depth's decimals read back as.
        depths = (first + spacing * np.arange(start, start + BLOCK_ROWS)) / 1_000_000
        wall = _Wall(depths, width, seed)
        wall.lay_beds()
        wall.cut_fractures()
        wall.dissolve_vugs()
        wall.break_out()
        wall.add_noise(start // BLOCK_ROWS)
        wall.log(pad_gaps)
        count = min(BLOCK_ROWS, rows - start)
        yield depths[:count], np.clip(wall.pixels[:count], 0, 255).astype(np.float64)


class _Wall:
    """One block of the borehole wall, feature by feature. pixels: float32 (n, width)."""

    def __init__(self, depths: Float64, width: int, seed: int) -> None:
        self.depths = depths
        self.angles = np.linspace(0, 2 * np.pi, width, endpoint=False) + np.pi / width
        self.seed = seed
        self.pixels = np.zeros((len(depths), width), dtype=np.float32)

    def random(self, feature: int, place: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, feature, place + (1 << 32)])

    def stretches(self, feature: int) -> Iterator[tuple[float, np.random.Generator]]:
        """The top of each stretch of well whose features may be seen here, and its random numbers."""
        for place in range(
            int((self.depths[0] - REACH) // STRETCH), int((self.depths[-1] + REACH) // STRETCH) + 1
        ):
            yield place * STRETCH, self.random(feature, place)

    def near(self, depth: float, reach: float) -> slice:
        """The rows within `reach` of a depth."""
        low, high = np.searchsorted(self.depths, (depth - reach, depth + reach))
        return slice(int(low), int(high))

    def lay_beds(self) -> None:
        z = self.depths
        dip = np.radians(20 + 10 * np.sin(z / 13.7) + 7 * np.sin(z / 4.1 + 1))
        azimuth = self.seed + z / 31 + 0.7 * np.sin(z / 7.3)
        amplitude = HOLE_RADIUS * np.tan(dip)
        across = np.column_stack([amplitude * np.cos(azimuth), amplitude * np.sin(azimuth)])
        around = np.vstack([np.cos(self.angles), np.sin(self.angles)])
        origin, log = self.bed_log()
        layer = ((z - origin)[:, np.newaxis] - across @ around) * (1 / LOG_STEP)
        self.pixels += log[layer.astype(np.int32)]
        self.pixels += self.mottles()

    def bed_log(self) -> tuple[float, Float32]:
        """Resistivity against the depth of the layer: where it begins, and a value each LOG_STEP."""
        samples = round(STRETCH / LOG_STEP)
        stretches = list(self.stretches(BEDS))
        log = np.concatenate([_beds(random, samples) for _, random in stretches])
        tool = np.exp(-0.5 * np.linspace(-2, 2, 9) ** 2)
        return stretches[0][0], np.convolve(log, tool / tool.sum(), mode="same").astype(np.float32)

    def mottles(self) -> Float32:
        """Patches of texture a few centimetres across."""
        knots = round(STRETCH / MOTTLE_STEP)
        stretches = list(self.stretches(MOTTLES))
        grid = np.concatenate([random.normal(0, 9, (knots, 18)) for _, random in stretches])
        place = self.angles * (18 / (2 * np.pi))
        column, part = place.astype(int), place % 1
        around = (grid[:, column] * (1 - part) + grid[:, (column + 1) % 18] * part).astype(np.float32)
        height = (self.depths - stretches[0][0]) / MOTTLE_STEP
        row, share = height.astype(int), (height % 1).astype(np.float32)[:, np.newaxis]
        below = np.minimum(row + 1, len(around) - 1)
        patches: Float32 = around[row] * (1 - share) + around[below] * share
        return patches

    def cut_fractures(self) -> None:
        for stretch, random in self.stretches(FRACTURES):
            swarm = random.random() < 0.15
            for _ in range(random.poisson(6 if swarm else 1.2)):
                depth = stretch + STRETCH * random.random()
                slope = HOLE_RADIUS * np.tan(np.radians(random.uniform(45, 76)))
                azimuth = random.normal(self.seed + 2.0, 0.35)
                aperture = random.uniform(0.0025, 0.008)
                contrast = random.uniform(-130, -60) if random.random() < 0.8 else random.uniform(50, 90)
                wander = 0.006 * np.sin(3 * self.angles + random.uniform(0, 6)) * random.normal()
                seen = 0.75 + 0.5 * np.sin(self.angles * random.integers(1, 4) + random.uniform(0, 6))
                trace = depth + slope * np.cos(self.angles - azimuth) + wander
                rows = self.near(depth, slope + 0.06)
                away = (self.depths[rows, np.newaxis] - trace) / aperture
                self.pixels[rows] += contrast * np.clip(seen, 0.1, 1) * np.exp(-0.5 * away**2)

    def dissolve_vugs(self) -> None:
        for stretch, random in self.stretches(VUGS):
            if random.random() > 0.2:
                continue
            middle = stretch + STRETCH * random.random()
            for _ in range(random.integers(15, 60)):
                depth, angle = random.normal(middle, 0.15), random.uniform(0, 2 * np.pi)
                size = min(0.004 + random.exponential(0.006), 0.03)
                rows = self.near(depth, 4 * size)
                down = (self.depths[rows, np.newaxis] - depth) / size
                across = _turn(self.angles - angle) * (HOLE_RADIUS / size / random.uniform(1, 2))
                self.pixels[rows] -= random.uniform(60, 130) * np.exp(-((down**2 + across**2) ** 2))

    def break_out(self) -> None:
        """Pairs of dark, ragged bands on opposite sides, where the hole has spalled."""
        for stretch, random in self.stretches(BREAKOUTS):
            if random.random() > 0.2:
                continue
            depth, half = stretch + STRETCH * random.random(), random.uniform(0.4, REACH)
            azimuth = random.normal(self.seed + 0.6, 0.1)
            phases = random.uniform(0, 2 * np.pi, (3, 2))
            rows = self.near(depth, half)
            along = self.depths[rows, np.newaxis]
            edge = 0.30 * np.sqrt(np.maximum(1 - ((along - depth) / half) ** 2, 0))
            for side in (0, 1):
                from_axis = _turn(self.angles - azimuth - side * np.pi)
                ragged = edge * (
                    1
                    + 0.18 * np.sin(along * 41 + phases[0, side])
                    + 0.12 * np.sin(along * 97 + phases[1, side])
                    + 0.08 * np.sin(along * 230 + phases[2, side])
                )
                spalled = 1 / (1 + np.exp(np.clip((np.abs(from_axis) - ragged) / 0.03, -30, 30)))
                self.pixels[rows] += spalled * 0.8 * (25 - self.pixels[rows])

    def add_noise(self, block: int) -> None:
        noise = self.random(NOISE, block).standard_normal(self.pixels.shape, dtype=np.float32)
        self.pixels += 5 * noise + 4 * np.roll(noise, 1, axis=1)

    def log(self, pad_gaps: bool) -> None:
        """As the tool records it: each button a little off, nothing between the strips."""
        random = self.random(TOOL, 0)
        button = random.normal(0, 2.5, (STRIPS, BUTTONS)) + random.normal(0, 4, (STRIPS, 1))
        places = round(BUTTONS / STRIP_COVER)
        strips = np.zeros((STRIPS, places), dtype=np.float32)
        strips[:, :BUTTONS] = button
        if pad_gaps:
            strips[:, BUTTONS:] = np.nan
        turned = self.depths / 3.7 + 0.25 * np.sin(self.depths / 1.9)
        turns = (self.angles - turned[:, np.newaxis]) * (1 / (2 * np.pi))
        turns -= np.floor(turns)
        self.pixels += strips.reshape(-1)[(turns * strips.size).astype(np.int32) % strips.size]


def _beds(random: np.random.Generator, samples: int) -> Float64:
    """One stretch of beds: thin and thick, each with a level, a trend and laminae of its own."""
    log = np.empty(samples)
    facies = random.choice([70.0, 120.0, 165.0], p=[0.4, 0.35, 0.25])
    thin = random.random() < 0.5
    start = 0
    while start < samples:
        thickness = random.lognormal(np.log(0.05 if thin else 0.22), 0.8)
        stop = start + max(4, int(thickness / LOG_STEP))
        bed = log[start:stop]
        laminae = np.repeat(random.normal(0, random.choice([2.0, 6.0, 14.0]), len(bed) // 6 + 1), 6)[
            : len(bed)
        ]
        bed[:] = random.normal(facies, 28) + random.normal(0, 14) * np.linspace(-1, 1, len(bed)) + laminae
        start = stop
    return log


def _turn(angles: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Angles brought to -pi..pi."""
    return (angles + np.pi) % (2 * np.pi) - np.pi
