"""The substep loop over contact traces, compiled: see `v2p_sim.contacts` for the definitions.

Plain loops over cells, dishes and substeps. The same sums in array calls took as long as a fifth of the physics.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from v2p_sim.scene import CUP_FORCE, DISH_SENSORS, FORCE, NORMAL, POSITION, TOTAL_FORCE, VELOCITY

FORCE_FLOOR_N = 0.05  # below it there is no contact
QUIET_MPS = 0.01  # partners that move slower than this along the normal are at rest
NUM_PARTNERS = 3
OPEN_FIELDS = 9  # other, substep, energy, impulse, peak, sustained, x, y, z
EVENT_FIELDS = 3 + OPEN_FIELDS  # after cell, dish, partner
_FURNITURE, _DISH, _CUP = range(NUM_PARTNERS)
_OTHER, _SUBSTEP, _ENERGY, _IMPULSE, _PEAK, _SUSTAINED, _PLACE = range(7)


@njit(cache=True)
def scan(record, last, opened, squeezed, events, constants):
    """Advance all events by one control step.

    Args:
        record: sensors, (N, S, 18 D + 3).
        last: sensors of the last substep before, (N, 18 D + 3); overwritten.
        opened: is_open (N, D, 3), open (N, D, 3, OPEN_FIELDS), last W forces (N, D, 3, W); updated.
        squeezed: the cup's last W axial forces (N, D, W), their largest mean (N, D); updated.
        events: rows to fill with the events that ended, (capacity, EVENT_FIELDS).
        constants: length of a substep [s], least energy that is reported [J], weight of every dish (D,) [N].

    Returns:
        The number of events, and the largest mean over all dishes [N].
    """
    num_cells, num_substeps, width = record.shape
    rows, seam = record.reshape(-1), np.empty(2 * width)  # flat: a view a substep would cost more than the sums
    count, most_n = 0, 0.0
    for cell in range(num_cells):
        start = cell * num_substeps * width
        seam[:width], seam[width:] = last[cell], record[cell, 0]
        for dish in range((width - 3) // DISH_SENSORS):
            if _rests(rows, start, (cell, dish), (width, num_substeps), last, opened, squeezed):
                continue
            axial = start + dish * DISH_SENSORS + CUP_FORCE + 2
            most_n = max(most_n, _squeeze(rows, (axial, width, num_substeps), squeezed, (cell, dish)))
            where = (cell, dish, width)
            count = _follow(seam, 0, 0, 1, where, opened, events, count, constants)
            count = _follow(rows, start, 1, num_substeps, where, opened, events, count, constants)
            opened[1][cell, dish, :, _SUBSTEP] = 0.0  # what is open now began before the next step
        last[cell] = record[cell, num_substeps - 1]
    return count, most_n


@njit(cache=True)
def _rests(rows, start, where, size, last, opened, squeezed) -> bool:
    """Rule most dishes out in one pass: untouched by the cup, and at rest in every substep."""
    cell, dish = where
    own, (width, num_substeps) = dish * DISH_SENSORS, size
    is_open, tail = opened[0][cell, dish], squeezed[0][cell, dish]
    if is_open[0] or is_open[1] or is_open[2] or tail.max() > 0.0 or not _is_still(last[cell], own):
        return False
    for k in range(num_substeps):
        if not _is_still(rows, start + k * width + own):
            return False
    squeezed[1][cell, dish] = 0.0
    return True


@njit(cache=True)
def _is_still(rows, own) -> bool:
    """Tell whether no contact event can begin here and nothing squeezes the dish: a narrower `_is_quiet`."""
    for axis in range(3):
        others_n = abs(rows[own + TOTAL_FORCE + axis] - rows[own + FORCE + axis])
        if rows[own + CUP_FORCE + axis] != 0.0 or others_n >= FORCE_FLOOR_N / 2.0:
            return False
    return _fastest(rows, own) < QUIET_MPS / 2.0


@njit(cache=True)
def _follow(rows, start, first, stop, where, opened, events, count, constants) -> int:
    """Advance one dish's events by some substeps, the first from the row at `start`; return how many have ended."""
    cell, dish, width = where
    is_open = opened[0][cell, dish]
    for k in range(first, stop):
        row = start + (k - first) * width
        own = row + dish * DISH_SENSORS
        if _is_quiet(rows, own, own + width) and not (is_open[0] or is_open[1] or is_open[2]):
            continue
        for partner in range(NUM_PARTNERS):
            contact = _contact(rows, row, dish, partner, width)
            count = _advance((cell, dish, partner), k, contact, opened, events, count, constants)
    return count


@njit(cache=True)
def _is_quiet(rows, own, after) -> bool:
    """Rule most substeps out cheaply: a dish at rest that nothing but furniture touches."""
    apart_n = 0.0
    for axis in range(3):
        cup_n = rows[own + CUP_FORCE + axis]
        dishes_n = rows[own + TOTAL_FORCE + axis] - rows[own + FORCE + axis] - cup_n
        apart_n = max(apart_n, abs(cup_n), abs(dishes_n))
    speed_mps = max(_fastest(rows, own), _fastest(rows, after))
    return apart_n < FORCE_FLOOR_N / 2.0 and speed_mps < QUIET_MPS / 2.0


@njit(cache=True)
def _fastest(rows, own) -> float:
    return max(abs(rows[own + VELOCITY]), abs(rows[own + VELOCITY + 1]), abs(rows[own + VELOCITY + 2]))


@njit(cache=True)
def _contact(rows, row, dish, partner, width):
    """Return force along the normal, closing speeds (largest, mid-step), net force, other dish, place, how far down."""
    own = row + dish * DISH_SENSORS
    fx, fy, fz = _force(rows, own, partner)
    net_n = math.sqrt(fx * fx + fy * fy + fz * fz)
    if net_n <= FORCE_FLOOR_N:
        return 0.0, 0.0, 0.0, net_n, -1, (0.0, 0.0, 0.0), 0.0
    if partner == _FURNITURE:
        nx, ny, nz = _three(rows, own + NORMAL)
        before, later = _along(rows, own, nx, ny, nz), _along(rows, own + width, nx, ny, nz)
        force_n = fx * nx + fy * ny + fz * nz
        return force_n, *_speeds(before, later), net_n, -1, _three(rows, own + POSITION), max(-nz, 0.0)
    other = _struck(rows, row, width, dish, fx, fy, fz) if partner == _DISH else -1
    theirs = row + (width - 3 - VELOCITY if partner == _CUP else other * DISH_SENSORS)
    nx, ny, nz = fx / net_n, fy / net_n, fz / net_n
    before = _along(rows, own, nx, ny, nz) - _along(rows, theirs, nx, ny, nz)
    later = _along(rows, own + width, nx, ny, nz) - _along(rows, theirs + width, nx, ny, nz)
    return net_n, *_speeds(before, later), net_n, other, (0.0, 0.0, 0.0), 0.0


@njit(cache=True)
def _speeds(before, later):
    # The mid-step velocity alone may be nearly 0 where a bounce turns, which would cut the event in two.
    return max(abs(before), abs(later)), 0.5 * (before + later)


@njit(cache=True)
def _advance(where, k, contact, opened, events, count, constants) -> int:
    """Open, extend or close one event; return the number of events that have ended."""
    force_n, speed, _, _, _, _, _ = contact
    if force_n > FORCE_FLOOR_N and speed > QUIET_MPS:
        _extend(where, k, opened, contact, constants)
    elif opened[0][where]:
        count = _close(where, opened, events, count, constants[1])
    return count


@njit(cache=True)
def _three(rows, start):
    return rows[start], rows[start + 1], rows[start + 2]


@njit(cache=True)
def _along(rows, own, nx, ny, nz) -> float:
    """Return the velocity along a direction, of the dish whose sensors begin at `own`."""
    return rows[own + VELOCITY] * nx + rows[own + VELOCITY + 1] * ny + rows[own + VELOCITY + 2] * nz


@njit(cache=True)
def _force(rows, own, partner):
    """Return the force that a dish exerts on a partner; on other dishes it is what is left of its total."""
    if partner == _FURNITURE:
        return _three(rows, own + FORCE)
    cx, cy, cz = _three(rows, own + CUP_FORCE)
    if partner == _CUP:
        return cx, cy, cz
    fx, fy, fz = _three(rows, own + FORCE)
    tx, ty, tz = _three(rows, own + TOTAL_FORCE)
    return tx - fx - cx, ty - fy - cy, tz - fz - cz


@njit(cache=True)
def _struck(rows, row, width, dish, fx, fy, fz) -> int:
    """Return the dish that feels most of a dish's force: that with the most opposite force of its own."""
    num_dishes = (width - 3) // DISH_SENSORS
    best, most = (dish + 1) % num_dishes, 0.0
    for other in range(num_dishes):
        if other != dish:
            ox, oy, oz = _force(rows, row + other * DISH_SENSORS, _DISH)
            opposite = -(fx * ox + fy * oy + fz * oz)
            if opposite > most:
                best, most = other, opposite
    return best


@njit(cache=True)
def _extend(where, k, opened, contact, constants) -> None:
    """Add a substep to an event, which may begin with it."""
    is_open, entries, tails = opened
    force_n, _, closing, net_n, other, place, down = contact
    dt_s, _, weights_n = constants
    entry = entries[where]
    if not is_open[where]:
        is_open[where] = True
        entry[_SUBSTEP] = k
    share = 0.5 if where[2] == _DISH else 1.0
    carried_n = weights_n[where[1]] * down if where[2] == _FURNITURE else 0.0
    entry[_ENERGY] += share * max((force_n - carried_n) * closing, 0.0) * dt_s
    entry[_IMPULSE] += force_n * dt_s
    entry[_SUSTAINED] = max(entry[_SUSTAINED], _push(tails[where], net_n))
    if net_n > entry[_PEAK]:
        entry[_PEAK], entry[_OTHER] = net_n, other
        entry[_PLACE], entry[_PLACE + 1], entry[_PLACE + 2] = place


@njit(cache=True)
def _close(where, opened, events, count, report_j) -> int:
    """End an event; return the number of events that have ended and are worth reporting."""
    is_open, entries, tails = opened
    if entries[where][_ENERGY] >= report_j:
        events[count, 0], events[count, 1], events[count, 2] = where
        events[count, 3:] = entries[where]
        count += 1
    is_open[where] = False
    entries[where] = 0.0
    tails[where] = 0.0
    return count


@njit(cache=True)
def _squeeze(rows, column, squeezed, where) -> float:
    """Return the largest mean of W consecutive magnitudes in a column of sensors; the window goes on across steps."""
    start, width, num_substeps = column
    tails, largest = squeezed
    tail = tails[where]
    best = 0.0
    for k in range(num_substeps):
        best = max(best, _push(tail, abs(rows[start + k * width])))
    largest[where] = best
    return best


@njit(cache=True)
def _push(tail, force_n) -> float:
    """Append a force to the window of the last W; return the window's mean."""
    total = force_n
    for i in range(len(tail) - 1):
        tail[i] = tail[i + 1]
        total += tail[i]
    tail[-1] = force_n
    return total / len(tail)
