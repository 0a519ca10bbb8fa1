"""Components merged into clusters: partitions that nest, entropies, shares."""

from typing import Any

import numpy as np

from fuzzing.claims import holds, is_distribution
from mixtura.inference import merge

__all__ = ["arrays_of", "merged"]

GAUSSIAN = ["bhattacharyya", "ridge", "dip", "modes"]


def arrays_of(mixture: Any) -> dict[str, Any]:
    """Return the parameters of a mixture by name."""
    arrays, _ = mixture.family.to_arrays(mixture.parameters)
    return {name: array for name, array in arrays.items() if array.dtype.kind == "f"}


def merged(rng: np.random.Generator) -> tuple[dict[str, Any], Any, Any, Any]:
    """Return settings, rows, what fits and merges them, and what holds of that."""
    from fuzzing.cases import drawn

    case = drawn(rng, large=False, rare=bool(rng.random() < 0.3))
    case.settings["max_iter"] = min(case.settings["max_iter"], 20)
    case.settings["n_components"] = max(case.settings["n_components"], 1)
    plain = ["entropy", "overlap"]
    own = [*plain, *GAUSSIAN] if case.family == "gaussian" else plain
    criterion = str(rng.choice(own if rng.random() < 0.95 else GAUSSIAN))
    weights = case.given.get("sample_weight")

    def ask(n_jobs: int) -> Any:
        fitted = case.make(n_jobs=n_jobs).fit(case.rows, **case.given)
        return merge(fitted.mixture_, case.rows, sample_weight=weights, criterion=criterion)

    def hold(found: Any, number: int) -> None:
        most = len(found.entropies)
        holds(
            np.isfinite(found.entropies).all() and np.isfinite(found.gains).all(),
            "an entropy or gain is no number",
        )
        room = 1e-9 * max(1.0, float(found.entropies.max()))
        holds((np.diff(found.entropies) >= -room).all(), "more clusters have less entropy")
        holds(1 <= found.n_clusters <= most, "so many clusters there are not")
        finer = [{k} for k in range(most)]
        for size in range(most, 0, -1):
            parts = [set(part) for part in found.partition(size)]
            holds(
                len(parts) == size and sorted(k for part in parts for k in part) == [*range(most)],
                "no partition",
            )
            holds(all(any(one <= part for part in parts) for one in finer), "clusters do not nest")
            finer = parts
        shares = found.predict_proba(case.rows)
        is_distribution(
            shares, "posteriors of clusters", 1e-9 if shares.dtype == np.float64 else 1e-5
        )
        labels = found.predict(case.rows)
        holds(((labels >= -1) & (labels < found.n_clusters)).all(), "a label is of no cluster")
        for cluster in found.clusters():
            is_distribution(cluster.weights, "weights of a cluster")
        holds(len(found.table()) == most and str(found.summary()), "no summary")

    told = {"criterion": criterion, "fit": case.family} | case.settings
    return told, case.rows, ask, hold
