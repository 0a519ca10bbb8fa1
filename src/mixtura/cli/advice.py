"""Errors and warnings of the library in the words of the command: its options, its files, its rows.

Rooms below speak to who calls them from Python; what they advise is said here by the options that
do the same, or left out where none does.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mixtura.components.catalogue import ROWS
from mixtura.errors import DataError, MixturaError

__all__ = ["in_words_of_the_command", "translated"]

# What a user wrote stands in quotes, and stays as it is.
QUOTED = re.compile(r"""(?<![\w=])(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")

Words = str | Callable[[re.Match[str]], str]


def _family(found: re.Match[str]) -> str:
    name = next((row.name for row in ROWS.values() if row.estimator == found[1]), "mixed")
    return f"--family {name}"


def _row(found: re.Match[str]) -> str:
    return f"row {int(found[1]) + 1} (counted from 1)"


# In this order: sentences first, then the names that are left.
RULES: list[tuple[str, Words]] = [
    (r", or set missing='marginal', which takes each row by its other cells", ""),
    (r", or set constant='drop'", ""),
    (r"make it missing \(NaN\) where", "name it by --missing where"),
    (r", or give reg_covar a number|, increase reg_covar", ""),
    (r", and reg_covar alone gives densities a width there", ""),
    (r"for a code, covariances_ are whole matrices: .*", "use --structures diag or spherical"),
    (r"; reg_covar=\S+ [^;.]*", ""),
    (r"or set noise=None", "or leave out --noise"),
    (r'unknown="ignore" leaves such cells out', "--unknown ignore takes such cells as missing"),
    (r"Group the draws \(\w+\.from_draws\([^)]*\)\), take n_components=1, or .*", "Take -k 1"),
    (
        r"Best performing initialization did not converge\. Try different init parameters, or "
        r"increase max_iter, tol, or check for degenerate data\.",
        "the best start had not converged when its iterations were used up; try more --starts, or "
        "fewer components (-k).",
    ),
    (r"partial_fit takes rows that are in memory; .*", "rows beyond memory are taken in in parts"),
    (r'dataset\(\.\.\., on_bad="skip"\)', "--on-bad skip of mixtura fit"),
    (r"use a covariance_type that shares them", "use --structures that share them"),
    (r"fewer than cv=(\d+) parts; lower cv, or choose .*", r"fewer than \1 parts; lower --folds"),
    (r"fewer than cv=(\d+) parts; (leave the class out), or choose .*", r"fewer than \1 parts; \2"),
    (r", or fit all rows as one mixture, by use_y=True", ""),
    (r"(?<![\w.])y (?=at row|should hold numbers|is \S+ in all)", "the response "),
    (r"(?<![\w.])y(?= holds)|(?<=leave it out of )y\b", "the column of --class"),
    (r"(?<![\w-])period (?=should)", "--period "),
    (r"(?<![\w-])trials (?=should|may be up)", "--trials "),
    (r"; draw responses for rows of terms by .*", ""),
    (r"use prior='weak' or None", "use --prior weak or none"),
    (r"^keep (?=has)", "--keep "),
    (r"^table should be a name, or .*", "--table should be a name"),
    (
        r"ordinal=\{(?:\0\d+\0|\w+): \[\.\.\.\]\} with the levels in order",
        "--ordinal NAME=low<middle<high, with its answers in order",
    ),
    (r"(?<![\w-])ordinal_link should", "--ordinal-link should"),
    (
        r"ordinal_link says nothing without ordinal; name items by ordinal",
        "--ordinal-link says nothing without --ordinal; name items by --ordinal",
    ),
    (r"(?<![\w-])ordinal (?=and fix or equal|names|does not|should)", "--ordinal "),
    (r"NaN or None where free|NaN \(or None for a component\) where free", "null where free"),
    (r"(?<![\w-])equal (?=speaks of)", "--equal "),
    (r"(?<=fix and )equal\b|(?<=fix or )equal\b|(?<=leave out )equal\b", "--equal"),
    (r"(?<![\w.-])fix\b", "--fix"),
    (r"; call its \.toarray\(\)|; pass X\.toarray\(\)", ""),
    (
        r"Expected n_samples >= n_components but got n_components = (\d+), n_samples = (\d+)",
        r"-k \1 asks for more components than the \2 rows there are",
    ),
    (r"sample_weight of row (\d+)", lambda found: f"--weights of {_row(found)}"),
    (r"sample_weight\.shape == .*, expected .*: one", "--weights: one"),
    (r"\brow (\d+) \(counted from 0\)", _row),
    (r"\brow (\d+)(?! \(counted)(?!\d)", r"row \1 (counted from 1)"),
    (r" \(shape=1 for exponential densities\)", " (--family exponential)"),
    (r"prior should be weak or None for.*", "--prior should be weak or none for such columns"),
    (r"(?<![\w-])prior should be .*", "--prior should be weak, conjugate or none for such columns"),
    (r"random_state should be .*", "--seed should be a whole number from 0 up"),
    (r"the dataset's memory=", "--memory"),
    (r"\b(memory|cache|columns)=(?=[\s.,;]|$)", r"--\1"),
    (r"(?<![\w-])by=(?=')", "--by "),
    (r" \(see classification\(\.\.\.\)\)", ""),
    (r"(?<![\w-])(correction|assignment)='(\w+)'", r"--\1 \2"),
    (r"([a-z_]+)=(True|False|None)", r"\1"),
    (r"family=(\S+)", r"--family \1"),
    (r'direction="(\w+)"', r"--direction \1"),
    (r"n_components\s?=\s?(\d+)", r"-k \1"),
    (r"(?<![\w.])n_components\b", "-k"),
    (r"(?<![\w.])(?:sample_weight)\b", "--weights"),
    (r"(?<![\w.])mixing_weights\b", "--mixing-weights"),
    (r"(?<![\w.])covariance_type\b", "--structures"),
    (r"(?<![\w.])n_factors\b", "--factors"),
    (r"(?<![\w-])prior='weak'", "--prior weak"),
    (r"(?<![\w.])random_state\b", "--seed"),
    (r"(?<![\w.])n_init\b", "--starts"),
    (r"(?<![\w.])half_life\b", "--half-life"),
    (r"\b([A-Z]\w*Mixture)\b", _family),
    (r"(?<![\w|])X\b(?![²|])", "the table"),
]


def translated(text: str) -> str:
    """Return a text of the library in the words of the command."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found.group())
        return f"\0{len(kept) - 1}\0"

    text = QUOTED.sub(keep, text)
    for pattern, words in RULES:
        text = re.sub(pattern, words, text)
    return re.sub(r"\0(\d+)\0", lambda found: kept[int(found[1])], text)


@contextmanager
def in_words_of_the_command(file: Path) -> Iterator[None]:
    """Say what is wrong with data by the options of the command, and of which file it is said."""
    try:
        yield
    except MixturaError as error:
        text = translated(str(error))
        if isinstance(error, DataError) and file.name not in text:
            text = f"'{file}': {text}"
        error.args = (text,)
        raise
