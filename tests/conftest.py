"""Laws are tested for what they say, however long a busy machine takes over them."""

import secrets

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def fresh_seed() -> int:
    """Return another seed each run, which is printed where a test fails."""
    seed = secrets.randbelow(2**31)
    print(f"fresh_seed = {seed}")
    return seed
