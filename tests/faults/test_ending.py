"""The command ends with its exit code, whatever libraries do as the process is taken down."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.drawn(4)

# As threads of Arrow do now and then, that run while the interpreter ends.
ABORTING = """
import atexit, ctypes, sys
from mixtura.cli import main
own = ctypes.CDLL(None)
own.__cxa_atexit(own.abort, None, None)
atexit.register(print, "cleaned up")
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it asks glibc")
@pytest.mark.parametrize(
    ("given", "code", "out", "err"),
    [
        (["--version"], 0, "mixtura", ""),
        (["fit"], 2, "", "Missing argument"),
        (["fit", "empty.csv"], 1, "", "has columns but no rows"),
        (["fit", "rows.csv", "-k", "1"], 0, "log-likelihood", ""),
    ],
)
def test_the_exit_code_is_that_of_the_command(
    given: list[str], code: int, out: str, err: str, tmp_path: Path
) -> None:
    (tmp_path / "empty.csv").write_text("x,y\n")
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{i % 7},{i % 5}\n" for i in range(35)))
    start = [sys.executable, "-c", ABORTING, *given]
    done = subprocess.run(start, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == code, done.stderr
    assert out in done.stdout
    assert err in done.stderr
    assert done.stdout.endswith("cleaned up\n")
