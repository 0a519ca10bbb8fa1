"""Model files and tables that are read as strangers' are: a typed error, or what is harmless."""

import gzip
import io
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from sklearn.base import is_classifier, is_regressor

import mixtura
from fuzzing.damage import crafted, damaged
from mixtura.data.files import read_table

__all__ = ["models", "read_model", "read_tables", "tables"]


def models() -> list[bytes]:
    """Return model files of several families."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 2))
    codes = rng.choice(np.array(["a", "b", 1], dtype=object), (40, 2))
    both = np.column_stack([rows.astype(object), codes])
    counts = rng.poisson(3.0, (40, 3))
    fitted = [
        mixtura.GaussianMixture(2, random_state=0).fit(rows),
        mixtura.GaussianMixture(1, covariance_type="VII", noise="uniform").fit(rows),
        mixtura.CategoricalMixture(2, random_state=0).fit(codes),
        mixtura.PoissonMixture(2, random_state=0).fit(counts),
        mixtura.NegativeBinomialMixture(1).fit(counts),
        mixtura.MixedMixture(1, {"gaussian": [0, 1], "categorical": [2, 3]}).fit(both),
        mixtura.StudentTMixture(2, random_state=0).fit(rows),
        mixtura.ContaminatedMixture(2, random_state=0).fit(rows),
        mixtura.FactorAnalyserMixture(2, random_state=0).fit(np.hstack([rows, counts])),
        mixtura.CategoricalMixture(2, ordinal=True, random_state=0).fit(counts),
        mixtura.GaussianMixture(2, equal={"means": [0]}, mixing_weights="equal").fit(rows),
        mixtura.MixtureRegressor(2, random_state=0).fit(rows, counts[:, 0]),
        mixtura.MixtureRegressor(1, "poisson").fit(rows, counts[:, 0]),
        mixtura.DeconvolvedGaussianMixture(2, random_state=0).fit(rows, covariance=rows**2),
        mixtura.IntervalGaussianMixture(2, random_state=0).fit(rows, upper=rows + 0.5),
        mixtura.GaussianMixtureClassifier().fit(rows, rows[:, 0] > 0),
    ]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for each in fitted:
            path = Path(folder, "model")
            each.save(path)
            found.append(path.read_bytes())
    return found


def read_model(content: bytes, path: Path) -> str:
    """Return how the reading of a model file ended."""
    path.write_bytes(content)
    try:
        found: Any = mixtura.load(path)
    except mixtura.ModelFileError:
        return "refused"
    with warnings.catch_warnings(), suppress(mixtura.MixturaError):
        warnings.simplefilter("ignore")
        if hasattr(found, "n_features_in_") and (is_regressor(found) or is_classifier(found)):
            use_terms(found)
        else:
            use_mixture(found)
    return "read"


def use_mixture(found: Any) -> None:
    """Draw rows of what was read, and ask for their densities."""
    mixture = getattr(found, "mixture_", found)
    rows, labels = mixture.coded.sample(3, 0)
    assert labels.min() >= 0
    assert labels.max() < mixture.n_components
    mixture.coded.log_density(np.asarray(rows, dtype=np.float64))
    assert isinstance(found.summary() if found is not mixture else "", str)


def use_terms(found: Any) -> None:
    """Ask a regressor or a classifier for its answers."""
    # A file may claim any number of columns.
    rows = np.random.default_rng(0).normal(size=(3, min(found.n_features_in_, 1000)))
    assert len(found.predict(rows)) == 3
    assert np.isfinite(found.predict_proba(rows)).all()
    assert isinstance(found.summary(), str)


def changed(content: bytes, rng: np.random.Generator) -> bytes:
    return crafted(content, rng) if rng.random() < 0.5 else damaged(content, rng)


def tables() -> dict[str, bytes]:
    """Return tables by the extension of their format, each with a number before it."""
    rng = np.random.default_rng(0)
    columns = {
        "a": rng.normal(size=200),
        "n": pa.array([None if k % 7 == 0 else k for k in range(200)]),
        "t": pa.array(rng.choice(["x", "yy", "zzz"], 200)).dictionary_encode(),
        "w": pa.array(rng.choice(["x", "yy", "zzz"], 200)),
    }
    table = pa.table(columns)
    found = {}
    for kind in ("none", "snappy", "zstd", "gzip"):
        sink = io.BytesIO()
        pyarrow.parquet.write_table(table, sink, compression=kind, row_group_size=50)
        found[f"{kind}.parquet"] = sink.getvalue()
    for kind, writer in {"file": pa.ipc.new_file, "stream": pa.ipc.new_stream}.items():
        sink = io.BytesIO()
        with writer(sink, table.schema) as stream:
            stream.write_table(table)
        found[f"{kind}.arrow"] = sink.getvalue()
    sink = io.BytesIO()
    pyarrow.csv.write_csv(table, sink)
    found["plain.csv"] = sink.getvalue()
    found["packed.csv.gz"] = gzip.compress(sink.getvalue(), mtime=0)
    return found


def read_tables(name: str, content: bytes, folder: Path) -> str:
    """Return how the reading of a table, and of each of its columns, ended."""
    path = folder / name
    path.write_bytes(content)
    try:
        table = read_table(path)
    except mixtura.DataError as error:
        named(name, error)
        return "refused"
    for column in table.names:
        for read in (table.categories, lambda own: table.numeric([own], "nan")):
            try:
                read(column)
            except mixtura.DataError as error:
                named(name, error)
    return "read"


def named(name: str, error: mixtura.DataError) -> None:
    """Check that an error says which file it is about."""
    assert name in str(error), error
