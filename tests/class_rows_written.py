"""Answers to four items in files, for tests of classes beyond memory."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ITEMS = list("abcd")
N_ROWS = 6000


def frame_of(seed, gaps=0.05):
    rng = np.random.default_rng(seed)
    side = rng.integers(2, size=(N_ROWS, 1))
    cells = side ^ (rng.random((N_ROWS, 4)) < 0.2)
    cells = np.where(rng.random(cells.shape) < gaps, 2, cells)
    words = np.array(["no", "yes", None], dtype=object)[cells]
    return pd.DataFrame(words, columns=ITEMS).assign(n=rng.integers(1, 4, N_ROWS).astype(float))


def written(frame, folder):
    for number, part in enumerate(np.array_split(np.arange(len(frame)), 3)):
        table = pa.Table.from_pandas(frame.iloc[part], preserve_index=False)
        pq.write_table(table, folder / f"{number}.parquet", row_group_size=500)
    return folder
