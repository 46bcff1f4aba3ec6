"""Tests for _panels.py."""

from scripts._panels import make_panels


def test_a_long_title_is_wrapped_and_a_short_one_is_not():
    folder = "/data/" + "runs/" * 12 + "seed0"
    for columns in (1, 2):
        figure, axes = make_panels(
            f"The optimum; prices of {folder}; the closed form is the abstract task's", 2, columns
        )
        assert len(axes) == 2 * columns
        title = figure.get_suptitle()
        assert "\n" in title
        assert folder in title
    assert make_panels("A fleet")[0].get_suptitle() == "A fleet"
