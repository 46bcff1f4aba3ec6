"""No test is judged by its time: on a shared machine, and where a first call compiles, a deadline fails by chance."""

from hypothesis import settings

settings.register_profile("v2p", deadline=None)
settings.load_profile("v2p")
