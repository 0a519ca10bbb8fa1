"""A model that takes rows in is the old one or the new one, and whole, whatever ends it."""

import os
from pathlib import Path

import numpy as np
import pytest

from faults.test_output import FAULTS, in_child, striking
from mixtura import GaussianMixture, load

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs signals and fork"),
    pytest.mark.drawn(5),
]

ROWS = np.random.default_rng(0).normal(size=(30, 2))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_model_is_old_or_new_and_whole_whatever_strikes_at_any_step(
    fault: str, tmp_path: Path
) -> None:
    folder, further = tmp_path / "kept", tmp_path / "further.csv"
    folder.mkdir()
    model = folder / "model.mixtura"
    GaussianMixture(1).fit(ROWS).save(model)
    old = model.read_bytes()
    np.savetxt(further, ROWS[:10], delimiter=",", header="a,b", comments="")
    struck = []
    for step in range(1, 40):
        before = model.read_bytes()
        (tmp_path / "struck").unlink(missing_ok=True)
        given = ["update", str(model), str(further)]
        code, said = in_child(given, striking(folder, step, FAULTS[fault]))
        assert "Traceback" not in said
        changed = model.read_bytes() != before
        # What was written is whole, and the next one goes on from it.
        assert load(model)._seen.n_rows in (30, 40)
        if not (tmp_path / "struck").exists():
            assert code == 0
            break
        struck.append(code)
        # Killed processes leave their temporaries, which a later one sweeps; others leave none.
        left = {path.name for path in folder.iterdir()} - {"model.mixtura"}
        assert not left or fault == "kill"
        if fault in ("full", "rights", "interrupted"):
            assert code == (0 if changed else 1), said
        model.write_bytes(old)
    assert len(struck) > 3
    assert struck.count(0) < len(struck)
