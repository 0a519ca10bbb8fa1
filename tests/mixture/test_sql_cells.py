"""A query takes cells as the fit does, columns by their names only, and names as they are."""

import sqlite3
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mixtura import (
    BernoulliMixture,
    GammaMixture,
    GaussianMixture,
    GeometricMixture,
    MultinomialMixture,
    ParameterError,
    PoissonMixture,
)

RNG = np.random.default_rng(0)
LOW = RNG.random(80) < 0.5
NUMBERS = pd.DataFrame(
    RNG.normal(np.where(LOW, 0.0, 6.0)[:, None], 1.0, (80, 2)), columns=["a", "b"]
)
COUNTS = pd.DataFrame(RNG.poisson(np.where(LOW, 1.0, 9.0)[:, None], (80, 2)), columns=["a", "b"])


def in_sqlite(frame: pd.DataFrame, query: str) -> pd.DataFrame:
    with sqlite3.connect(":memory:") as connection:
        frame.to_sql("people", connection, index=False)
        return pd.read_sql_query(query, connection)


def in_duckdb(frame: pd.DataFrame, query: str) -> pd.DataFrame:
    """As polars writes it: NaN stays NaN, which pandas makes NULL."""
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        connection.register(
            "people",
            pytest.importorskip("pyarrow").Table.from_pydict(
                {name: frame[name].to_numpy() for name in frame}
            ),
        )
        return connection.execute(query).df()


ENGINES = {"sqlite": in_sqlite, "duckdb": in_duckdb}
every_engine = pytest.mark.parametrize("engine", ENGINES)


def answers(model: Any, frame: pd.DataFrame, engine: str, **options: Any) -> pd.DataFrame:
    return ENGINES[engine](frame, model.mixture_.to_sql("people", dialect=engine, **options))


@every_engine
@pytest.mark.parametrize("options", [{}, {"keep": ["nope"]}])
def test_a_column_that_is_not_there_is_an_error(engine: str, options: dict[str, Any]) -> None:
    model = GaussianMixture(2, random_state=0).fit(NUMBERS)
    table = NUMBERS if options else NUMBERS[["a"]]
    with pytest.raises(Exception, match=r"(?i)no such column: mx_t|does not have a column"):
        answers(model, table, engine, **options)


@every_engine
def test_columns_of_the_table_may_have_any_names(engine: str) -> None:
    names = [
        f"mx_{what}" for what in ("l0", "l1", "top", "e0", "e1", "z0_0", "x0", "r0", "k0", "t")
    ]
    model = GaussianMixture(2, random_state=0).fit(NUMBERS.set_axis(["mx_l0", "mx_x0"], axis=1))
    table = pd.DataFrame(np.full((80, len(names)), 7.0), columns=names)
    table[["mx_l0", "mx_x0"]] = NUMBERS.to_numpy()
    found = answers(model, table, engine, keep=["mx_top", "mx_x0"])
    assert list(found.columns) == ["mx_top", "mx_x0", "p_0", "p_1", "component"]
    np.testing.assert_array_equal(found["mx_x0"], NUMBERS["b"])
    expected = model.predict_proba(table[["mx_l0", "mx_x0"]])
    np.testing.assert_allclose(found[["p_0", "p_1"]], expected, rtol=0, atol=1e-9)


@every_engine
@pytest.mark.parametrize("structure", ["full", "diag", "spherical"])
@pytest.mark.parametrize("noise", [None, "uniform"])
def test_a_missing_number_is_left_out_or_its_row_has_no_answer(
    structure: str, noise: Any, engine: str
) -> None:
    model = GaussianMixture(
        2, covariance_type=structure, noise=noise, missing="marginal", random_state=0
    ).fit(NUMBERS)
    lacking = NUMBERS.assign(a=NUMBERS["a"].where(NUMBERS.index % 3 > 0))
    found, gap = answers(model, lacking, engine), lacking["a"].isna()
    expected = model.predict_proba(lacking)
    shares = [name for name in found if name.startswith("p_")]
    if structure == "full":
        assert found[gap].isna().all(axis=None)
        found, expected = found[~gap], expected[~gap]
    np.testing.assert_allclose(found[shares].astype(float), expected, rtol=0, atol=1e-9)
    assert not found.isna().any(axis=None)


@every_engine
@pytest.mark.parametrize(
    ("model", "rows", "wrong"),
    [
        (GammaMixture(2, random_state=0), NUMBERS.abs() + 0.1, [0.0, -1.0, np.inf]),
        (PoissonMixture(2, random_state=0), COUNTS, [-1.0, 0.5, np.inf]),
        (GeometricMixture(2, random_state=0), COUNTS, [-1.0, 0.5]),
        (MultinomialMixture(2, random_state=0), COUNTS + 1, [-1.0, 0.5, np.nan]),
        (PoissonMixture(2, exposure="a", random_state=0), COUNTS + 1, [0.0, -1.0, np.nan]),
        (BernoulliMixture(2, random_state=0), COUNTS.gt(4).astype(int), [2.0, 0.5]),
        (GaussianMixture(2, covariance_type="diag", random_state=0), NUMBERS, [np.inf, -np.inf]),
    ],
)
def test_a_cell_that_the_fit_refuses_has_no_answer(
    model: Any, rows: pd.DataFrame, wrong: list[float], engine: str
) -> None:
    table = rows.astype(float)
    model.fit(rows)
    table.loc[: len(wrong) - 1, "a"] = wrong
    found = answers(model, table, engine)
    assert found.isna().all(axis=1).to_numpy().nonzero()[0].tolist() == list(range(len(wrong)))
    sound = slice(len(wrong), None)
    expected = model.predict_proba(table[sound])
    np.testing.assert_allclose(found[sound].iloc[:, :2].astype(float), expected, rtol=0, atol=1e-9)


def test_text_among_numbers_is_no_nought_in_sqlite() -> None:
    model = GaussianMixture(2, covariance_type="diag", random_state=0).fit(NUMBERS)
    found = answers(model, NUMBERS.astype(object).assign(a="none"), "sqlite")
    assert found.isna().all(axis=None)


def test_truth_values_are_taken_as_numbers() -> None:
    rows = COUNTS.gt(4)
    model = BernoulliMixture(2, random_state=0).fit(rows)
    found = answers(model, rows, "duckdb")
    np.testing.assert_allclose(found.iloc[:, :2], model.predict_proba(rows), rtol=0, atol=1e-9)


def test_postgres_gets_doubles_and_no_exponential_that_underflows() -> None:
    told = (
        GaussianMixture(2, random_state=0)
        .fit(NUMBERS)
        .mixture_.to_sql("people", dialect="postgres")
    )
    assert "nullif(CAST(mx_t.\"a\" AS double precision), CAST('NaN' AS double precision))" in told
    for k in (0, 1):
        assert f" AS double precision) AS mx_l{k}" in told
        less = f"mx_l{k} - mx_top"
        assert f"CASE WHEN {less} < -700e0 THEN 0e0 ELSE exp({less}) END AS mx_e{k}" in told
    assert told.count("exp(") == 2
    ones = BernoulliMixture(2, random_state=0).fit(COUNTS.gt(4)).mixture_
    assert "WHEN 'true' THEN 1e0" in ones.to_sql("people", dialect="postgres")


def test_a_table_may_be_in_a_schema_and_be_called_as_a_step_of_the_query() -> None:
    mixture = GaussianMixture(2, random_state=0).fit(NUMBERS).mixture_
    for name in ("s.people", "mx_0", "MX_1"):
        with sqlite3.connect(":memory:") as connection:
            NUMBERS.to_sql(name, connection, index=False)
            for table in (name, ("main", name)):
                found = pd.read_sql_query(mixture.to_sql(table, dialect="sqlite"), connection)
                expected = mixture.responsibilities(NUMBERS)
                np.testing.assert_allclose(found.iloc[:, :2], expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("table", [None, 3, "", " ", (), ("s", ""), ("s", 3)])
def test_what_is_no_name_of_a_table_is_refused(table: Any) -> None:
    mixture = PoissonMixture(1).fit(COUNTS).mixture_
    with pytest.raises(ParameterError, match=r"table should be a name, or names such as"):
        mixture.to_sql(table)


@pytest.mark.parametrize(
    ("keep", "words"),
    [
        ("id", r"keep should be a list of columns such as \['id'\], but got 'id'"),
        (None, "keep should be a list of columns .* but got None"),
        ([None], "keep should be names of columns, but one is None"),
        ([""], "keep should be names of columns, but one is ''"),
        (["Component"], "keep has 'Component', but a column of the answer is called so already"),
        (["p_0"], "keep has 'p_0', but"),
        (["id", "id"], "keep each column once"),
    ],
)
def test_what_cannot_be_kept_is_refused(keep: Any, words: str) -> None:
    mixture = PoissonMixture(1).fit(COUNTS).mixture_
    with pytest.raises(ParameterError, match=words):
        mixture.to_sql("people", keep=keep)
