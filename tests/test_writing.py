"""Files appear whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from mixtura.writing import replacing, write_text


def test_a_new_file_appears_alone_in_its_folder(tmp_path: Path) -> None:
    write_text(tmp_path / "report.html", "Größe\n1\r\n")
    assert (tmp_path / "report.html").read_bytes() == "Größe\n1\r\n".encode()
    assert os.listdir(tmp_path) == ["report.html"]


def test_the_temporary_lies_beside_the_target_with_its_suffix(tmp_path: Path) -> None:
    with replacing(tmp_path / "plot.svg") as first, replacing(tmp_path / "plot.svg") as second:
        assert first != second
        assert {first.parent, second.parent} == {tmp_path}
        assert first.suffix == second.suffix == ".svg"
        assert not first.exists()
        first.write_text("first")
        second.write_text("second")
    assert (tmp_path / "plot.svg").read_text() == "first"


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit, ValueError, OSError])
@pytest.mark.parametrize("written", [True, False])
def test_an_interruption_leaves_what_stood_there(
    tmp_path: Path, raised: type[BaseException], written: bool
) -> None:
    path = tmp_path / "model"
    write_text(path, "old")
    with pytest.raises(raised), replacing(path) as temporary:
        if written:
            temporary.write_text("half")
        raise raised
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["model"]


def test_an_interruption_leaves_nothing_where_nothing_stood(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "model") as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == []


def test_a_failing_move_removes_the_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError("in use")

    path = tmp_path / "model"
    write_text(path, "old")
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(PermissionError, match="in use"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["model"]


def test_the_contents_are_flushed_before_the_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    flush, move = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (steps.append("flush"), flush(file)))
    monkeypatch.setattr(os, "replace", lambda old, new: (steps.append("move"), move(old, new)))
    write_text(tmp_path / "model", "new")
    assert steps[:2] == ["flush", "move"]


def test_permissions_pass_on_to_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "model"
    write_text(path, "old")
    path.chmod(0o640)
    write_text(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_keeps_pointing_to_the_file_that_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    write_text(tmp_path / "store" / "model", "old")
    (tmp_path / "link").symlink_to(tmp_path / "store" / "model")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "store" / "model").read_text() == "new"


def test_a_long_name_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / ("m" * 255)
    write_text(path, "text")
    assert path.read_text() == "text"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"folder '.*absent' does not exist"):
        write_text(tmp_path / "absent" / "model", "text")


def test_a_folder_and_a_pipe_are_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="name a file inside it"):
        write_text(tmp_path, "text")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not an ordinary file"):
        write_text(tmp_path / "pipe", "text")
    assert os.listdir(tmp_path) == ["pipe"]
