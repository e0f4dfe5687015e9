"""How many examples a costly property tries: few in every run, more in `.ci/full`; none of them against a clock."""

from hypothesis import settings

settings.register_profile("usual", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile("usual")


def examples(few: int) -> int:
    """Give how many: as stated where a property usually gets 100, in proportion under another profile of hypothesis."""
    return few * settings().max_examples // 100
