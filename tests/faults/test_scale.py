"""Rows 37 to 46 of the table of faults: many files, batches, workers and checkpoints."""

import errno
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from checkpoints.killing import Killed, bits, stopped
from click.testing import CliRunner

import mixtura
from mixtura import CheckpointError, CheckpointWarning, DataError, GaussianMixture, dataset
from mixtura.checkpoints import resumable
from mixtura.cli.command import command
from mixtura.store import load_with_facts

pytestmark = [
    pytest.mark.usefixtures("sketched"),
    pytest.mark.drawn(4),
]

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(3000, 2)) + 4 * RNG.integers(3, size=(3000, 1))


def fitted(rows: Any, **asked: Any) -> GaussianMixture:
    return GaussianMixture(3, random_state=0, **asked).fit(rows)


EXPECTED = bits(fitted(ROWS))


def table(rows: Any, names: str = "ab") -> pa.Table:
    return pa.table({name: rows[:, "ab".index(name)] for name in names})


def test_row_37_files_are_one_table_whatever_the_order_of_their_columns(tmp_path: Path) -> None:
    for number, names in enumerate(("ab", "ba", "ab")):
        part = ROWS[1000 * number : 1000 * (number + 1)]
        pq.write_table(table(part, names), tmp_path / f"{number}.parquet")
    found = fitted(dataset(tmp_path / "*.parquet", memory="10 kB"))
    assert found.means_.tobytes() == fitted(ROWS).means_.tobytes()
    pq.write_table(table(ROWS[:5], "a"), tmp_path / "3.parquet")
    with pytest.raises(DataError, match=r"3\.parquet'.* has 1 columns, and .*0\.parquet'.* has 2"):
        assert dataset(tmp_path / "*.parquet").n_rows


def test_row_38_a_fit_does_not_see_what_becomes_of_files_that_it_has_read(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    pq.write_table(table(ROWS), file)
    with dataset(file, memory="10 kB") as data:
        assert data.n_rows == 3000
        file.write_bytes(b"gone")
        assert fitted(data).means_.tobytes() == fitted(ROWS).means_.tobytes()


def test_row_38_a_file_that_has_changed_is_named_where_a_fit_goes_on(
    tmp_path: Path, monkeypatch: Any
) -> None:
    file, out = tmp_path / "rows.csv", tmp_path / "out"
    np.savetxt(file, ROWS, delimiter=",", header="a,b", comments="")
    asked = ["fit", str(file), "-k", "2", "-s", "EII", "-o", str(out), "--checkpoint", "0"]
    write, saves = resumable.write_checkpoint, []

    def once(*given: Any) -> None:
        if saves:
            raise Killed
        saves.append(1)
        write(*given)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(resumable, "write_checkpoint", once)
        CliRunner().invoke(command, asked)
    with file.open("a") as more:
        more.write("1,2\n")
    found = CliRunner().invoke(command, ["fit", "--resume", str(out)])
    assert found.exit_code == 1
    assert "rows.csv' was" in found.output


def test_row_40_what_gives_its_rows_once_is_read_once_or_refused() -> None:
    def parts() -> Iterator[Any]:
        yield from np.array_split(ROWS, 7)

    data = dataset(parts(), memory="10 kB")
    assert fitted(data).means_.tobytes() == fitted(ROWS).means_.tobytes()
    data.close()
    with pytest.raises(DataError, match=r"gives its rows once.*make the dataset of a function"):
        fitted(data)
    again = dataset(parts, memory="10 kB")
    for _ in range(2):
        assert fitted(again).means_.tobytes() == fitted(ROWS).means_.tobytes()
        again.close()


@pytest.mark.parametrize("seed", range(3))
def test_row_41_batches_of_any_sizes_are_the_same_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.integers(0, 3000, size=40))
    found = fitted(dataset(list(np.split(ROWS, cuts)), memory="10 kB"))
    assert found.means_.tobytes() == fitted(ROWS).means_.tobytes()


def test_row_44_a_fit_whose_driver_is_killed_goes_on(tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "fit.checkpoint"
    _, total = stopped(lambda: fitted(ROWS), file, None, monkeypatch, Killed)
    for at in range(total):
        stopped(lambda: fitted(ROWS), file, at, monkeypatch, Killed)
        found, after = stopped(lambda: fitted(ROWS), file, None, monkeypatch, Killed)
        assert (bits(found), at + after) == (EXPECTED, total)


def test_row_45_a_full_disk_at_a_checkpoint_leaves_the_one_before(
    tmp_path: Path, monkeypatch: Any
) -> None:
    file = tmp_path / "fit.checkpoint"
    write, saves = resumable.write_checkpoint, []

    def filling(*given: Any) -> None:
        if len(saves) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(*given)
        saves.append(file.read_bytes())

    monkeypatch.setattr(resumable, "write_checkpoint", filling)
    with (
        warnings.catch_warnings(record=True) as said,
        mixtura.checkpoint(file, 0),
    ):
        warnings.simplefilter("always", CheckpointWarning)
        found = bits(fitted(ROWS))
        assert file.read_bytes() == saves[-1]
    assert found == EXPECTED
    assert any("is not being saved" in str(one.message) for one in said)


def test_row_46_a_foreign_checkpoint_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    file = tmp_path / "fit.checkpoint"
    stopped(lambda: fitted(ROWS), file, 3, monkeypatch, Killed)
    for rows, asked, words in (
        (ROWS[:-1], {}, "the rows was 3,000 x 2 and is 2,999 x 2"),
        (ROWS + 1e-9, {}, "what stands in the rows differs"),
        (ROWS, {"covariance_type": "EII"}, "covariance_type was 'full' and is 'EII'"),
    ):
        with pytest.raises(CheckpointError, match=words), mixtura.checkpoint(file):
            fitted(rows, **asked)
    for content in (b"", b"PK", file.read_bytes()[:-1]):
        file.write_bytes(content)
        with pytest.raises(CheckpointError), mixtura.checkpoint(file):
            fitted(ROWS)


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow", "stream"])
def test_standard_input_is_a_file_like_others(kind: str, tmp_path: Path) -> None:
    sink = pa.BufferOutputStream()
    if kind == "csv":
        sink.write("\n".join(["a,b", *(f"{a!r},{b!r}" for a, b in ROWS.tolist())]).encode())
    elif kind == "parquet":
        pq.write_table(table(ROWS), sink)
    else:
        new = pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream
        with new(sink, table(ROWS).schema) as writer:
            writer.write_table(table(ROWS))
    asked = ["fit", "-", "-k", "3", "-s", "full", "-o", str(tmp_path / "out")]
    found = CliRunner().invoke(command, asked, input=sink.getvalue().to_pybytes())
    assert found.exit_code == 0, found.output
    file = tmp_path / "rows.parquet"
    pq.write_table(table(ROWS), file)
    other = ["fit", str(file), *asked[2:-1], str(tmp_path / "other")]
    assert CliRunner().invoke(command, other).exit_code == 0
    likelihoods = [
        load_with_facts(tmp_path / out / "model.mixtura")[1]["log_likelihood"]
        for out in ("out", "other")
    ]
    assert likelihoods[0] == likelihoods[1]


def test_nothing_from_standard_input_is_told() -> None:
    for files, words in (("-", "nothing came from standard input"), ("- -", "named twice")):
        found = CliRunner().invoke(command, ["fit", *files.split(), "-k", "2"], input=b"")
        assert found.exit_code == 1
        assert words in found.output
    for content in (b"a,b\n", b"\n", b"PAR1xxxx", b"\x1f\x8bzz", b"\xff\x00\xfe"):
        found = CliRunner().invoke(command, ["fit", "-", "-k", "2"], input=content)
        assert found.exit_code == 1
        assert "standard input" in found.output
        assert "standard-input" not in found.output


@pytest.mark.parametrize("memory", ["1GB", "10kB"])
def test_row_36_a_damaged_row_group_is_named_or_left_out(memory: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    how: Any = {"write_page_checksum": True, "compression": "none", "use_dictionary": False}
    pq.write_table(table(ROWS), file, row_group_size=500, **how)
    column = pq.ParquetFile(file).metadata.row_group(2).column(1)
    content = bytearray(file.read_bytes())
    content[column.data_page_offset + column.total_compressed_size // 2] ^= 0xFF
    file.write_bytes(bytes(content))
    asked = ["fit", str(file), "-k", "3", "-s", "full", "--memory", memory]
    asked += ["-o", str(tmp_path / "out")]
    found = CliRunner().invoke(command, asked)
    assert found.exit_code == 1
    assert "rows.parquet', row group 2, column 'b', is damaged" in found.output
    assert "--on-bad skip" in found.output
    found = CliRunner().invoke(command, [*asked, "--on-bad", "skip"])
    assert found.exit_code == 0, found.output
    assert "its 500 rows are left out" in found.output
    left = fitted(np.delete(ROWS, np.s_[1000:1500], axis=0))
    _, facts = load_with_facts(tmp_path / "out" / "model.mixtura")
    assert facts["n_rows"] == 2500
    assert facts["log_likelihood"] == pytest.approx(left.log_likelihood_, abs=0.05)
