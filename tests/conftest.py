"""Laws are tested for what they say, however long a busy machine takes over them."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
