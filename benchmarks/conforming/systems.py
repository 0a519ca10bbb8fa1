"""How each Python system is asked: as its users ask, by its defaults and a seed.

A system returns weights (K,), means (K, D) and covariances (K, D, D) of Gaussians, or weights and a
table (K, L) of each item's probabilities of classes, and what it says of far rows if that is asked.
"""

from importlib.metadata import version

import numpy as np

__all__ = ["SYSTEMS", "CannotBeAsked"]


class CannotBeAsked(Exception):
    """The system has no such model or takes no such data, by its documentation."""


def dense(covariances, structure, n_components, n_columns):
    """Return covariances (K, D, D) of scikit-learn's forms."""
    covariances, unit = np.asarray(covariances, dtype=float), np.eye(n_columns)
    if structure == "tied":
        return np.broadcast_to(covariances, (n_components, n_columns, n_columns))
    if structure == "diag":
        return covariances[:, :, None] * unit
    return covariances if structure == "full" else covariances[:, None, None] * unit


def of_estimator(model, question):
    sizes = question.n_components, question.rows.shape[1]
    covariances = dense(model.covariances_, question.structure, *sizes)
    far = None if question.far is None else model.predict_proba(question.far)
    return (model.weights_, model.means_, covariances), far


def mixtura(question, seed):
    from mixtura import CategoricalMixture, GaussianMixture

    if question.is_of_classes:
        model = CategoricalMixture(question.n_components, random_state=seed)
        model.fit(question.rows, sample_weight=question.row_weights)
        return (model.weights_, model.probabilities_), None
    missing = "marginal" if np.isnan(question.rows).any() else "error"
    model = GaussianMixture(
        question.n_components,
        covariance_type=question.structure,
        missing=missing,
        random_state=seed,
    ).fit(question.rows, sample_weight=question.row_weights)
    return of_estimator(model, question)


def scikit_learn(question, seed):
    from sklearn.mixture import GaussianMixture

    refuse(question, weights=True)
    model = GaussianMixture(
        question.n_components, covariance_type=question.structure, random_state=seed
    )
    return of_estimator(model.fit(question.rows), question)


def onedal(question, seed):
    import daal4py

    refuse(question, weights=True, gaps=True, far=True, structures=("full", "diag"))
    storage = {"full": "full", "diag": "diagonal"}[question.structure]
    rows = np.ascontiguousarray(question.rows)
    start = daal4py.em_gmm_init(
        question.n_components, covarianceStorage=storage, engine=daal4py.engines_mt19937(seed=seed)
    ).compute(rows)
    found = daal4py.em_gmm(question.n_components, covarianceStorage=storage).compute(
        rows, start.weights, start.means, start.covariances
    )
    covariances = np.stack([np.atleast_2d(one) for one in found.covariances])
    if storage == "diagonal":
        covariances = covariances.reshape(question.n_components, -1)
        covariances = covariances[:, :, None] * np.eye(rows.shape[1])
    return (found.weights.ravel(), found.means, covariances), None


def pomegranate(question, seed):
    import torch
    from pomegranate.distributions import Categorical, Normal
    from pomegranate.gmm import GeneralMixtureModel

    torch.manual_seed(seed)
    if question.is_of_classes:
        if np.isnan(question.rows).any():
            raise CannotBeAsked
        levels = int(np.nanmax(question.rows)) + 1
        shares = np.random.default_rng(seed).dirichlet(
            np.ones(levels), (question.n_components, question.rows.shape[1])
        )
        components = [Categorical(torch.tensor(own, dtype=torch.float32)) for own in shares]
        rows = torch.tensor(question.rows, dtype=torch.int64)
    else:
        refuse(question, structures=("full", "diag", "spherical"), gaps=True)
        kind = {"spherical": "sphere"}.get(question.structure, question.structure)
        components = [Normal(covariance_type=kind) for _ in range(question.n_components)]
        rows = torch.tensor(question.rows, dtype=torch.float32)
    weights = question.row_weights
    model = GeneralMixtureModel(components, random_state=seed).fit(
        rows, sample_weight=None if weights is None else torch.tensor(weights[:, None])
    )
    shares = model.priors.detach().numpy().astype(float)
    if question.is_of_classes:
        tables = np.stack([one.probs.detach().numpy() for one in model.distributions])
        return (shares, list(tables.transpose(1, 0, 2).astype(float))), None
    sizes = question.n_components, question.rows.shape[1]
    means = np.stack([one.means.detach().numpy() for one in model.distributions]).astype(float)
    covariances = np.stack([one.covs.detach().numpy() for one in model.distributions])
    if question.structure == "spherical":
        covariances = covariances.reshape(len(covariances), -1)[:, 0]
    far = question.far
    if far is not None:
        far = model.predict_proba(torch.tensor(far, dtype=torch.float32)).detach().numpy()
    return (shares, means, dense(covariances, question.structure, *sizes)), far


def tgmm(question, seed):
    import torch
    from tgmm import GaussianMixture

    refuse(question, weights=True, gaps=True)
    model = GaussianMixture(
        n_components=question.n_components,
        n_features=question.rows.shape[1],
        covariance_type=question.structure,
        random_state=seed,
    )
    model.fit(torch.tensor(question.rows, dtype=torch.float32))
    sizes = question.n_components, question.rows.shape[1]
    numbers = [
        np.asarray(getattr(model, name).detach(), dtype=float)
        for name in ("weights_", "means_", "covariances_")
    ]
    covariances = dense(numbers[2], question.structure, *sizes)
    far = question.far
    if far is not None:
        far = model.predict_proba(torch.tensor(far, dtype=torch.float32)).numpy()
    return (numbers[0], numbers[1], covariances), far


def spark_mllib(question, seed):
    from pyspark.ml.clustering import GaussianMixture
    from pyspark.ml.linalg import Vectors
    from pyspark.sql import SparkSession

    refuse(question, structures=("full",), gaps=True)
    session = (
        SparkSession.builder.master("local[2]").config("spark.ui.enabled", False).getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")

    def frame(rows, weights):
        every = [
            (Vectors.dense(row), float(weight))
            for row, weight in zip(rows.tolist(), weights, strict=True)
        ]
        return session.createDataFrame(every, ["features", "weight"])

    estimator = GaussianMixture(k=question.n_components, seed=seed)
    if question.row_weights is not None:
        estimator = estimator.setWeightCol("weight")
    model = estimator.fit(frame(question.rows, question.weights))
    components = model.gaussiansDF.collect()
    means = np.stack([np.asarray(row["mean"].toArray()) for row in components])
    covariances = np.stack([np.asarray(row["cov"].toArray()) for row in components])
    far = question.far
    if far is not None:
        answered = model.transform(frame(far, np.ones(len(far)))).select("probability").collect()
        far = np.stack([row[0].toArray() for row in answered])
    return (np.asarray(model.weights), means, covariances), far


def stepmix(question, seed):
    from stepmix import StepMix

    if question.is_of_classes:
        gaps = "_nan" if np.isnan(question.rows).any() else ""
        model = StepMix(
            question.n_components, measurement=f"categorical{gaps}", random_state=seed,
            progress_bar=0, verbose=0,
        )  # fmt: skip
        model.fit(question.rows, sample_weight=question.row_weights)
        pis = np.asarray(model.get_parameters()["measurement"]["pis"], dtype=float)
        n_items = question.rows.shape[1]
        levels = pis.shape[1] // n_items
        tables = [pis[:, item * levels : (item + 1) * levels] for item in range(n_items)]
        return (np.asarray(model.get_parameters()["weights"]), tables), None
    refuse(question, structures=("full", "diag", "spherical", "tied"))
    gaps = np.isnan(question.rows).any()
    if gaps and question.structure == "full":
        raise CannotBeAsked
    model = StepMix(
        question.n_components, measurement=f"gaussian_{question.structure}", random_state=seed,
        progress_bar=0, verbose=0,
    )  # fmt: skip
    model.fit(question.rows, sample_weight=question.row_weights)
    found = model.get_parameters()
    own = found["measurement"]
    sizes = question.n_components, question.rows.shape[1]
    covariances = dense(own["covariances"], question.structure, *sizes)
    far = None if question.far is None else model.predict_proba(question.far)
    return (np.asarray(found["weights"]), np.asarray(own["means"]), covariances), far


def refuse(question, *, weights=False, gaps=False, far=False, structures=None):
    """Raise `CannotBeAsked` for what a system has not."""
    asked = (
        (weights and question.row_weights is not None)
        or (gaps and np.isnan(question.rows).any())
        or (far and question.far is not None)
        or (structures is not None and question.structure not in structures)
        or (structures is None and question.is_of_classes)
    )
    if asked:
        raise CannotBeAsked


# How each is called in the table, the package of which the version is told, and who asks it.
SYSTEMS = {
    "mixtura": ("mixtura", mixtura),
    "scikit-learn": ("scikit-learn", scikit_learn),
    "oneDAL": ("daal", onedal),
    "StepMix": ("stepmix", stepmix),
    "pomegranate": ("pomegranate", pomegranate),
    "tgmm": ("tgmm", tgmm),
    "Spark MLlib": ("pyspark", spark_mllib),
}


def version_of(name):
    """Return the version of a system, or None where it is not installed."""
    try:
        return version(SYSTEMS[name][0])
    except ImportError:
        return None
