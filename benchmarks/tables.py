"""What the benchmark prints: medians over rounds, ratios within a round."""

from statistics import median

from common import Sample

PEER, FLOOR = "WannierBerri, conventional", "numpy.linalg.eigh alone"


def rates(samples: dict[str, list[Sample]]) -> str:
    """One line per program: rate in processor time, ratios of rates, wall time, peak memory."""
    rows = [
        "",
        "| program | k-points per CPU-second | x WannierBerri | x eigh alone | wall s | peak MB |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in samples.items():
        cells = [
            name,
            _spread([x.rate for x in found]),
            _ratio(found, samples.get(PEER)),
            _ratio(found, samples[FLOOR]),
            f"{median(x.wall for x in found):.2f}",
            f"{median(x.peak for x in found):.0f}",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def agreement(difference: float, allowed: float) -> str:
    """Say whether both codes computed the same numbers."""
    verdict = "the same numbers" if difference <= allowed else "DIFFERENT NUMBERS, the rates mean nothing"
    return f"\nlargest relative difference at any level: {difference:.1e} (allowed {allowed:.0e}): {verdict}"


def threads(samples: dict[str, list[Sample]], mesh: int, load: float) -> str:
    """Gain of a second worker in wall time, what it costs in processor time, how busy the machine was before."""
    pairs = list(zip(samples["1"], samples["2"], strict=True))
    gain = [two.speed / one.speed for one, two in pairs]
    cost = median(two.cpu / one.cpu for one, two in pairs)
    return (
        f"\ntwo workers against one, {mesh}^3, all four definitions: {median(gain):.2f} times as many k-points per "
        f"second (rounds {min(gain):.2f} to {max(gain):.2f}), {cost:.2f} times the processor time; "
        f"load average before {load:.1f}, of which the benchmark itself is 1"
    )


def memory(peaks: dict[int, float]) -> str:
    """Peak memory by mesh."""
    found = ", ".join(f"{n}^3: {peak:.0f} MB" for n, peak in peaks.items())
    return f"peak memory, all four definitions, two workers: {found}"


def _spread(values: list[float]) -> str:
    return f"{median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


def _ratio(found: list[Sample], reference: list[Sample] | None) -> str:
    if reference is None:
        return "-"
    return f"{median(a.rate / b.rate for a, b in zip(found, reference, strict=True)):.2f}"
