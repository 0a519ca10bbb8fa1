"""Model files come back as they were written, or not at all."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from numpy.typing import NDArray

from mixtura import archive
from mixtura.archive import MAX_FILE_BYTES, MAX_HEADER_BYTES, read_archive, write_archive
from mixtura.errors import ModelFileError

DOCUMENT = {"family": "gaussian", "columns": ["größe", 'a "b"\n'], "nested": {"n": 3, "x": None}}


def arrays() -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(5)
    return {
        "means": rng.normal(size=(2, 3)),
        "weights": np.array([np.nan, -0.0, np.inf], dtype=np.float32),
        "counts": np.array(7, dtype=np.int64),
        "none": np.empty((0, 4)),
    }


def assert_same(found: dict[str, NDArray[Any]], expected: dict[str, NDArray[Any]]) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_archive(tmp_path / "model", arrays(), DOCUMENT)
    return tmp_path / "model"


def test_what_is_written_is_read_to_the_bit(path: Path) -> None:
    found, document = read_archive(path)
    assert_same(found, arrays())
    assert document == DOCUMENT
    assert all(array.flags.writeable and array.flags.c_contiguous for array in found.values())


def test_views_and_foreign_byte_orders_keep_their_values(tmp_path: Path) -> None:
    table = np.arange(12.0).reshape(3, 4)
    given = {"turned": table.T, "some": table[::2, ::-1], "big": table.astype(">f8")}
    write_archive(tmp_path / "model", given, {})
    found, document = read_archive(tmp_path / "model")
    for name, array in given.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == np.float64
    assert document == {}


def test_an_archive_without_arrays_is_read(tmp_path: Path) -> None:
    write_archive(tmp_path / "model", {}, DOCUMENT)
    assert read_archive(tmp_path / "model") == ({}, DOCUMENT)


def test_the_same_contents_give_the_same_bytes(path: Path, tmp_path: Path) -> None:
    found, document = read_archive(path)
    write_archive(tmp_path / "again", found, document)
    backwards = dict(reversed(arrays().items()))
    write_archive(tmp_path / "backwards", backwards, DOCUMENT)
    assert path.read_bytes() == (tmp_path / "again").read_bytes()
    assert path.read_bytes() == (tmp_path / "backwards").read_bytes()


def test_a_document_that_holds_zeros_or_the_digest_of_another_file_is_kept(tmp_path: Path) -> None:
    digest = "0" * 64
    for _ in range(2):
        write_archive(tmp_path / "model", {}, {"a": "0" * 200, "digest": digest})
        _, document = read_archive(tmp_path / "model")
        assert document == {"a": "0" * 200, "digest": digest}
        digest = (tmp_path / "model").read_bytes().split(b"sha256")[1][5:69].decode()


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80, 0xFF])
def test_every_changed_byte_is_noticed(tmp_path: Path, mask: int) -> None:
    path = tmp_path / "model"
    write_archive(path, arrays(), DOCUMENT)
    whole = path.read_bytes()
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= mask
        path.write_bytes(changed)
        with pytest.raises(ModelFileError, match=r"model file '.*model' "):
            read_archive(path)


def test_every_truncation_and_extension_is_noticed(path: Path) -> None:
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            read_archive(path)
    for extra in (b"\0", b" ", b"0" * 64, whole):
        path.write_bytes(whole + extra)
        with pytest.raises(ModelFileError):
            read_archive(path)


def test_exchanged_and_repeated_stretches_are_noticed(path: Path) -> None:
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(300):
        first, second, length = rng.integers(1, len(whole) // 2, size=3)
        changed = bytearray(whole)
        changed[first : first + length] = whole[second : second + length]
        if changed != whole:
            path.write_bytes(changed)
            with pytest.raises(ModelFileError):
                read_archive(path)


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (os.fspath(self.path), "w")


def foreign_files(folder: Path) -> dict[str, bytes]:
    tensors = {"means": np.zeros((2, 3))}
    plain = safetensors.numpy.save(tensors)
    deep = json.dumps({"__metadata__": {"mixtura": "[" * 100_000}}).encode()
    return {
        "random": np.random.default_rng(1).bytes(4096),
        "zeros": bytes(4096),
        "pickle": pickle.dumps(Trap(folder / "trapped")),
        "safetensors": plain,
        "safetensors of others": safetensors.numpy.save(tensors, {"format": "pt"}),
        "entry of another kind": safetensors.numpy.save(tensors, {"mixtura": "[]"}),
        "entry without digest": safetensors.numpy.save(
            tensors, {"mixtura": json.dumps({"format": "mixtura", "version": 1, "document": {}})}
        ),
        "digest that is no text": safetensors.numpy.save(
            tensors, {"mixtura": json.dumps({"sha256": 1, "version": 1, "document": {}})}
        ),
        "empty digest": safetensors.numpy.save(
            tensors, {"mixtura": json.dumps({"sha256": "", "version": 1, "document": {}})}
        ),
        "JSON": json.dumps(DOCUMENT).encode(),
        "JSON array": b"[1, 2, 3]",
        "text": b"a,b\n1,2\n",
        "empty": b"",
        "one byte": b"{",
        "header only": (2).to_bytes(8, "little") + b"{}",
        "huge header": (2**63).to_bytes(8, "little") + b"{}" * 100,
        "header at the bound": MAX_HEADER_BYTES.to_bytes(8, "little") + b"{}" * 100,
        "header beyond the file": (1000).to_bytes(8, "little") + b"{}",
        "deep header": len(deep).to_bytes(8, "little") + deep,
    }


@pytest.mark.parametrize("kind", list(foreign_files(Path())))
def test_a_foreign_file_is_refused_and_nothing_in_it_runs(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model"
    path.write_bytes(foreign_files(tmp_path)[kind])
    with pytest.raises(ModelFileError, match=r"model file '.*model' "):
        read_archive(path)
    assert os.listdir(tmp_path) == ["model"]


def test_the_trap_would_work(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Trap(tmp_path / "trapped"))).close()
    assert (tmp_path / "trapped").exists()


def signed(entry: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> bytes:
    """Return a file with a correct digest, whatever else is wrong with it."""
    entry = {"sha256": archive.BLANK.decode(), **entry}
    content = safetensors.numpy.save(tensors, {"mixtura": json.dumps(entry)})
    start = content.index(archive.BLANK)
    return content.replace(archive.BLANK, archive._digest(content, start), 1)


GOOD = {"format": "mixtura", "version": 1, "document": {}}


@pytest.mark.parametrize(
    ("entry", "tensors", "fault"),
    [
        ({**GOOD, "version": 2}, {}, "update mixtura"),
        ({**GOOD, "version": 0}, {}, "not written by mixtura"),
        ({**GOOD, "version": True}, {}, "not written by mixtura"),
        ({**GOOD, "version": "1"}, {}, "not written by mixtura"),
        ({**GOOD, "document": []}, {}, "not written by mixtura"),
        ({**GOOD, "document": {"a": float("nan")}}, {}, "not written by mixtura"),
        (GOOD, {"a": np.zeros(3, dtype=np.int32)}, "arrays that cannot be read"),
        (GOOD, {"a": np.zeros(3, dtype=bool)}, "arrays that cannot be read"),
    ],
)
def test_a_signed_file_of_other_contents_is_refused(
    tmp_path: Path, entry: dict[str, Any], tensors: dict[str, NDArray[Any]], fault: str
) -> None:
    (tmp_path / "model").write_bytes(signed(entry, tensors))
    with pytest.raises(ModelFileError, match=fault):
        read_archive(tmp_path / "model")


def test_signing_alone_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(signed(GOOD, {"a": np.zeros(3)}))
    assert read_archive(tmp_path / "model")[1] == {}


def test_places_that_hold_no_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="does not exist"):
        read_archive(tmp_path / "absent")
    with pytest.raises(ModelFileError, match="is a folder"):
        read_archive(tmp_path)
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_archive(tmp_path / "nul\0byte")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="not an ordinary file"):
        read_archive(tmp_path / "pipe")


def test_an_oversized_file_is_refused_unread(path: Path) -> None:
    os.truncate(path, MAX_FILE_BYTES + 1)
    with pytest.raises(ModelFileError, match="a model has at most"):
        read_archive(path)


def test_a_model_that_could_not_be_read_back_is_not_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 1000)
    with pytest.raises(ModelFileError, match="nothing was written"):
        write_archive(path, {"a": np.zeros(200)}, {})
    assert_same(read_archive(path)[0], arrays())


def test_what_cannot_be_stored_leaves_the_old_file(path: Path) -> None:
    with pytest.raises(TypeError, match="array 'a' is int32"):
        write_archive(path, {"a": np.zeros(2, dtype=np.int32)}, {})
    with pytest.raises(ValueError, match="JSON"):
        write_archive(path, {}, {"a": float("inf")})
    assert_same(read_archive(path)[0], arrays())
    assert os.listdir(path.parent) == ["model"]


def test_interrupted_writing_leaves_the_old_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(archive, "_digest", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_archive(path, {}, {})
    monkeypatch.undo()
    assert_same(read_archive(path)[0], arrays())
    assert os.listdir(path.parent) == ["model"]
