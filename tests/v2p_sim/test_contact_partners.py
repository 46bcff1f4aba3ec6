"""Who struck whom: forces between dishes, and from the cup, on records written by hand."""

import numpy as np
import pytest

from v2p_sim.contacts import CUP, DISH, ContactTracker


def two_dishes(dishes: int = 2) -> np.ndarray:
    """A record of 20 substeps in which dish 0 strikes dish 1 for 10 of them with 30 N, at 0.8 m/s, from above."""
    record = np.zeros((1, 20, 18 * dishes + 3))
    record[0, :, 11] = -1.0
    record[0, :, 18 + 11] = -0.2
    record[0, 5:15, 14], record[0, 5:15, 18 + 14] = -30.0, 30.0
    return record


def test_dishes_that_strike_each_other_share_the_work():
    first, second = ContactTracker(1, 2, 0.002).update(two_dishes())
    work_j = 30.0 * 0.8 * 10 * 0.002
    assert (first.partner, first.dish, first.other) == (DISH, 0, 1)
    assert (second.partner, second.dish, second.other) == (DISH, 1, 0)
    for event in (first, second):
        assert event.energy_j == pytest.approx(0.5 * work_j)
        assert event.peak_n == pytest.approx(30.0)
        assert event.impulse_ns == pytest.approx(0.6)


def test_a_dish_knows_which_of_many_it_struck():
    record = two_dishes(4)
    record[0, 5:15, 18:54] = np.roll(record[0, 5:15, 18:54], 18, axis=1)
    record[0, 5:15, 54 + 12], record[0, 5:15, 54 + 11] = 3.0, -0.5
    first, second = (event for event in ContactTracker(1, 4, 0.002).update(record) if event.dish in (0, 2))
    assert (first.dish, first.other, second.dish, second.other) == (0, 2, 2, 0)


def test_furniture_under_a_struck_dish_takes_no_part_in_the_blow():
    """What the furniture bears and what the cup holds are no forces between dishes."""
    record = two_dishes()
    record[0, :, 2], record[0, :, 8] = -7.0, -1.0
    record[0, :, 14] -= 7.0 + 4.0
    record[0, :, 17] = -4.0
    record[0, :, -1] = -1.0
    events = {event.partner: event for event in ContactTracker(1, 2, 0.002).update(record) if event.dish == 0}
    assert events[DISH].energy_j == pytest.approx(0.5 * 30.0 * 0.8 * 10 * 0.002)
    assert CUP not in events


def test_the_cup_s_blow_is_the_work_between_cup_and_dish():
    record = np.zeros((1, 20, 21))
    record[0, 5:15, 17], record[0, 5:15, 14] = 12.0, 12.0
    record[0, :, -1] = -0.7
    (event,) = ContactTracker(1, 1, 0.002).update(record)
    assert (event.partner, event.other) == (CUP, -1)
    assert event.energy_j == pytest.approx(12.0 * 0.7 * 10 * 0.002)
