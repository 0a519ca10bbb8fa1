"""Lines and tables of what the benchmark found."""

import numpy as np
from judging import behind, best, limits

__all__ = ["line", "report"]

WORST = 10
AGAIN = "worst of default (each again: --of GROUP --first NUMBER --problems 1)"
# Letters of an error that are printed.
LETTERS = 160


def nats(value):
    """Return nats in few letters."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 1 else 2
    return f"{value:.{digits}f}"


def title(row):
    n_rows, n_columns, n_components = row.size
    traits = f" {'+'.join(row.traits)}" if row.traits else ""
    return (
        f"{row.seed:>11} {row.kind:<9} {n_rows:>5} x {n_columns:<3} K {n_components:<2} "
        f"{row.structure}{traits}"
    )


def line(row):
    """Return a problem's line: nats behind the best on fitted/held-out rows, * for a miss."""
    least = limits(row.group)[0]
    tops = best(row.ends, "fitted"), best(row.ends, "held_out")
    parts = []
    for name, end in row.ends.items():
        if end.error is not None:
            parts.append(f"{name} error*")
            continue
        miss = "*" if behind(row.ends, name).both > least else ""
        wrong = " wrong" if row.group in ("kinds", "sizes") and end.right is False else ""
        parts.append(
            f"{name} {nats(tops[0] - end.fitted)}/{nats(tops[1] - end.held_out)}{miss}{wrong}"
        )
    return f"{title(row)}: {', '.join(parts)}; {row.seconds:.1f} s"


def columns_of(rows):
    """Return the columns in the order in which they first come, the default ahead."""
    names = dict.fromkeys(name for row in rows for name in row.ends)
    return sorted(names, key=lambda name: (name != "default", name == "truth"))


def misses(rows, group):
    """Return the lines of a group's table of misses.

    Of discrete families it also says how often the greatest likelihood of fitted rows is reached;
    of Gaussians that may be a spike.
    """
    bounds = limits(group)
    discrete = group not in ("gaussian", "kinds")
    heads = " ".join(f"{f'> {bound:g}':>7}" for bound in bounds)
    lines = [
        f"{'column':<9} {'of':>4} {heads} {'median':>8} {'worst':>8} {'errors':>6} {'seconds':>8}"
        f"{' reached' if discrete else ''}"
    ]
    for name in columns_of(rows):
        taking = [row for row in rows if name in row.ends]
        gaps = np.array([behind(row.ends, name).both for row in taking])
        ends = [row.ends[name] for row in taking]
        errors = sum(end.error is not None for end in ends)
        seconds = sum(end.seconds for end in ends)
        shares = " ".join(f"{f'{(gaps > bound).mean():.1%}':>7}" for bound in bounds)
        worst_gap = gaps[np.isfinite(gaps)].max(initial=0.0)
        lines.append(
            f"{name:<9} {len(taking):>4} {shares} {nats(np.median(gaps)):>8} "
            f"{nats(worst_gap):>8} {errors:>6} {seconds:>8.1f}"
            f"{f'{reached(taking, name, bounds[0]):>8.0%}' if discrete else ''}"
        )
    return [*lines, *ratios(rows)]


def reached(rows, name, tolerance):
    """Return the share of problems on which a column is as likely as any."""
    return np.mean(
        [
            row.ends[name].error is None
            and row.ends[name].fitted >= best(row.ends, "fitted") - tolerance
            for row in rows
        ]
    )


def ratios(rows):
    """Return lines of how the default's seconds compare with those of peers, on shared problems."""
    lines = []
    for name in ("sklearn", "mclust", "stepmix"):
        shared = [row for row in rows if {name, "default"} <= set(row.ends)]
        ours = sum(row.ends["default"].seconds for row in shared)
        theirs = sum(row.ends[name].seconds for row in shared)
        if ours and theirs:
            lines.append(
                f"seconds of default over {name}: {ours / theirs:.2f}, on {len(shared)} problems"
            )
    return lines


def by_kind(rows, head, judged):
    """Return the lines of a table of kinds: of how many problems something is so.

    Parameters
    ----------
    judged : of a row and the name of a column that it has: True, False or, if unknown, None
    """
    names = columns_of(rows)
    lines = [f"{head:<9} {' '.join(f'{name:>8}' for name in names)}"]
    for kind in [*sorted({row.kind for row in rows}), "all"]:
        own = [row for row in rows if kind in (row.kind, "all")]
        cells = []
        for name in names:
            answers = [judged(row, name) for row in own if name in row.ends]
            known = [answer for answer in answers if answer is not None]
            cells.append(f"{sum(known)}/{len(known)}" if known else "-")
        lines.append(f"{kind:<9} {' '.join(f'{cell:>8}' for cell in cells)}")
    return lines


def rights_and_misses(rows):
    """Return both tables of kinds."""
    return [
        *by_kind(rows, "right", lambda row, name: row.ends[name].right),
        *by_kind(
            rows, "missed", lambda row, name: behind(row.ends, name).both > limits(row.group)[0]
        ),
    ]


def found(rows):
    """Return the lines of how often a search finds the true number of components."""
    lines = [f"{'found':<9} {'of':>4} {'K':>7} {'within 1':>8} {'seconds':>8}"]
    for name in columns_of(rows):
        ends = [row.ends[name] for row in rows if name in row.ends]
        spare = np.array([end.spare for end in ends if end.spare is not None])
        if len(spare):
            shares = [np.sum(np.abs(spare) <= off) / len(ends) for off in (0, 1)]
            seconds = sum(end.seconds for end in ends)
            lines.append(
                f"{name:<9} {len(ends):>4} {shares[0]:>7.1%} {shares[1]:>8.1%} {seconds:>8.1f}"
            )
    wrong = [row for row in rows if "default" in row.ends and row.ends["default"].spare != 0]
    return [*lines, *ratios(rows), *(line(row) for row in wrong)]


def tokens(rows):
    """Return lines of what components are worth a held-out token of texts."""
    lines = []
    for name in columns_of(rows):
        gains = [
            (row.ends[name].held_out - row.ends["one"].held_out) / row.tokens
            for row in rows
            if name != "one" and "one" in row.ends and name in row.ends
            if row.ends[name].error is None and row.ends["one"].error is None
        ]
        if gains:
            lines.append(
                f"{name}: {np.mean(gains):+.4f} nats a held-out token over one component, "
                f"least {min(gains):+.4f}"
            )
    return lines


def worst(rows):
    """Return the lines of the problems on which the default is furthest behind."""
    fits = [row for row in rows if "default" in row.ends and row.group != "sizes"]
    ranked = [(behind(row.ends, "default"), row) for row in fits]
    ranked = [pair for pair in ranked if pair[0].both > limits(pair[1].group)[0]]
    ranked.sort(key=lambda pair: -pair[0].both)
    return [
        f"{title(row)}: {nats(gap.fitted)}/{nats(gap.held_out)} behind {gap.by}"
        for gap, row in ranked[:WORST]
    ]


def failures(rows):
    """Return the lines of errors; those of the same words once, with the first seed."""
    found = {}
    for row in rows:
        for name, end in row.ends.items():
            if end.error is not None:
                words = " ".join(end.error.split())[:LETTERS]
                found.setdefault((name, row.kind, words), []).append(row.seed)
    return [
        f"{name}, {kind}, seed {seeds[0]}"
        f"{f' and {len(seeds) - 1} more' if len(seeds) > 1 else ''}: {words}"
        for (name, kind, words), seeds in found.items()
    ]


def report(rows):
    """Return all tables of the rows."""
    lines = []
    for group in dict.fromkeys(row.group for row in rows):
        own = [row for row in rows if row.group == group]
        if group == "sizes":
            lines += [
                "",
                f"sizes: {len(own)} problems, and those of which the default finds another K:",
                *found(own),
            ]
            continue
        lines += ["", f"{group}: {len(own)} problems; a miss is behind on fitted and held-out rows"]
        lines += [*misses(own, group), *(rights_and_misses(own) if group == "kinds" else ())]
        lines += tokens(own) if group == "texts" else []
    for head, more in ((AGAIN, worst(rows)), ("errors", failures(rows))):
        lines += ["", f"{head}:", *more] if more else []
    return "\n".join(lines)
