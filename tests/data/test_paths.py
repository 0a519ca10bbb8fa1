"""Files that a path, a folder or a pattern stands for."""

import pytest

from mixtura import DataError
from mixtura.data.paths import files_of


@pytest.fixture
def folder(tmp_path):
    for name in (
        "year=2001/x.parquet",
        "year=2002/deep/y.csv",
        "year=2002/_temporary/z.parquet",
        "_log/x.parquet",
        "_SUCCESS",
        ".x.parquet",
        "notes.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a\n1\n")
    return tmp_path


def names(folder, found):
    return [str(file.relative_to(folder)) for file in found]


ROWS = ["year=2001/x.parquet", "year=2002/deep/y.csv"]


def test_hidden_files_of_a_folder_are_no_rows(folder):
    assert names(folder, files_of(folder)) == ROWS


def test_a_pattern_of_folders_gives_what_is_in_them(folder):
    assert names(folder, files_of(str(folder / "year=*"))) == ROWS
    assert names(folder, files_of(str(folder / "[_y]*"))) == ["_SUCCESS", *ROWS]


def test_a_pattern_through_all_folders_gives_each_file_once(folder):
    assert names(folder, files_of(str(folder / "year=*/**"))) == [
        "year=2001/x.parquet",
        "year=2002/_temporary/z.parquet",
        "year=2002/deep/y.csv",
    ]


def test_links_and_brackets_are_names_like_others(folder):
    (folder / "a [1]").mkdir()
    (folder / "a [1]" / "b*.csv").write_text("a\n1\n")
    (folder / "link").symlink_to(folder / "a [1]")
    for name in ("a [1]/b*.csv", "a [1]", "link", "lin?"):
        assert len(files_of(str(folder / name))) == 1


def test_a_folder_of_hidden_files_holds_no_rows(folder):
    for name in ("_log/..", "year=2002/_temporary"):
        assert files_of(folder / name)
    (folder / "year=2001" / "x.parquet").rename(folder / "year=2001" / "_x.parquet")
    for name in ("year=2001", "year=2001*"):
        with pytest.raises(DataError, match="year=2001' holds no file of rows"):
            files_of(str(folder / name))
