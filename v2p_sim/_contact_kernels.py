"""The substep loop over contact traces, compiled: see `v2p_sim.contacts` for the definitions.

Plain loops over cells, dishes and substeps. The same sums in array calls took as long as a fifth of the physics.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from v2p_sim.scene import CUP_FORCE, DISH_SENSORS, FORCE, NORMAL, POSITION, TOTAL_FORCE, VELOCITY

FORCE_FLOOR_N = 0.05  # below it there is no contact. Placeholder
QUIET_MPS = 0.01  # partners that move slower than this along the normal are at rest. Placeholder
HOP_S = 0.004  # a landing goes on while a dish is off its partner for no longer than this. Placeholder
NUM_PARTNERS = 3
OPEN_FIELDS = 10  # other, substep, energy, impulse, peak, sustained, x, y, z, substeps off the partner
EVENT_FIELDS = 3 + OPEN_FIELDS  # after cell, dish, partner
_FURNITURE, _DISH, _CUP = range(NUM_PARTNERS)
_OTHER, _SUBSTEP, _ENERGY, _IMPULSE, _PEAK, _SUSTAINED, _PLACE = range(7)
_OFF = OPEN_FIELDS - 1


@njit(cache=True)
def scan(record, last, opened, squeezed, events, constants):
    """Advance all events by one control step.

    Args:
        record: sensors, (N, S, 18 D + 3).
        last: sensors of the last substep before, (N, 18 D + 3); overwritten.
        opened: is_open (N, D, 3), open (N, D, 3, OPEN_FIELDS), last W forces (N, D, 3, W); updated.
        squeezed: the cup's last W axial forces (N, D, W), their largest mean (N, D); updated.
        events: rows to fill with the events that ended, (capacity, EVENT_FIELDS).
        constants: length of a substep [s], least energy that is reported [J], weight of every dish (N, D) [N].

    Returns:
        The number of events, and the largest mean over all dishes [N].
    """
    num_cells, num_substeps, width = record.shape
    # Flat arrays and places in them: views, and arrays handed on in tuples, would cost more than the sums.
    rows, seam = record.reshape(-1), np.empty(2 * width)
    flat = (opened[0].reshape(-1), opened[1].reshape(-1), opened[2].reshape(-1))
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
            count = _follow(seam, 0, (0, 1), where, flat, events, count, constants)
            count = _follow(rows, start, (1, num_substeps), where, flat, events, count, constants)
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
    cup_n, others_n = 0.0, 0.0
    for axis in range(3):
        cup_n = max(cup_n, abs(rows[own + CUP_FORCE + axis]))
        others_n = max(others_n, abs(rows[own + TOTAL_FORCE + axis] - rows[own + FORCE + axis]))
    return cup_n == 0.0 and others_n < FORCE_FLOOR_N / 2.0 and _fastest(rows, own) < QUIET_MPS / 2.0


@njit(cache=True)
def _follow(rows, start, span, where, flat, events, count, constants) -> int:
    """Advance one dish's events by some substeps, the first from the row at `start`; return how many have ended."""
    cell, dish, width = where
    is_open, entries, tails = flat
    dt_s, report_j, weights_n = constants
    event = (cell * ((width - 3) // DISH_SENSORS) + dish) * NUM_PARTNERS
    for k in range(span[0], span[1]):
        row = start + (k - span[0]) * width
        own = row + dish * DISH_SENSORS
        if _is_quiet(rows, own, own + width) and not (is_open[event] or is_open[event + 1] or is_open[event + 2]):
            continue
        for partner in range(NUM_PARTNERS):
            force = _force(rows, own, partner)
            net_n = math.sqrt(force[0] * force[0] + force[1] * force[1] + force[2] * force[2])
            pushed = False
            if net_n > FORCE_FLOOR_N:
                contact = _contact(rows, row, (dish, partner, width), force, net_n)
                pushed = contact[0] > FORCE_FLOOR_N and contact[1] > QUIET_MPS
                if pushed:
                    _extend(is_open, entries, event + partner, k, contact, net_n)
                    _absorb(entries, tails, event + partner, contact, (dt_s, weights_n[cell, dish], net_n, partner))
            if is_open[event + partner] and not pushed and not _hops(flat, event + partner, net_n, dt_s):
                count = _close((cell, dish, partner), event + partner, flat, events, count, report_j)
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
def _contact(rows, row, where, force, net_n):
    """Return force along the normal, closing speeds (largest, mid-step), other dish, place, how far down it pushes."""
    dish, partner, width = where
    own = row + dish * DISH_SENSORS
    fx, fy, fz = force
    if partner == _FURNITURE:
        nx, ny, nz = _three(rows, own + NORMAL)
        before, later = _along(rows, own, nx, ny, nz), _along(rows, own + width, nx, ny, nz)
        force_n = fx * nx + fy * ny + fz * nz
        return force_n, *_speeds(before, later), -1, _three(rows, own + POSITION), max(-nz, 0.0)
    other = _struck(rows, row, width, dish, fx, fy, fz) if partner == _DISH else -1
    theirs = row + (width - 3 - VELOCITY if partner == _CUP else other * DISH_SENSORS)
    nx, ny, nz = fx / net_n, fy / net_n, fz / net_n
    before = _along(rows, own, nx, ny, nz) - _along(rows, theirs, nx, ny, nz)
    later = _along(rows, own + width, nx, ny, nz) - _along(rows, theirs + width, nx, ny, nz)
    return net_n, *_speeds(before, later), other, (0.0, 0.0, 0.0), 0.0


@njit(cache=True)
def _speeds(before, later):
    # The mid-step velocity alone may be nearly 0 where a bounce turns, which would cut the event in two.
    return max(abs(before), abs(later)), 0.5 * (before + later)


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
def _extend(is_open, entries, event, k, contact, net_n) -> None:
    """Begin an event where there is none, and note its peak."""
    _, _, _, other, place, _ = contact
    entry = event * OPEN_FIELDS
    entries[entry + _OFF] = 0.0
    if not is_open[event]:
        is_open[event] = True
        entries[entry + _SUBSTEP] = k
    if net_n > entries[entry + _PEAK]:
        entries[entry + _PEAK], entries[entry + _OTHER] = net_n, other
        for axis in range(3):
            entries[entry + _PLACE + axis] = place[axis]


@njit(cache=True)
def _hops(flat, event, net_n, dt_s) -> bool:
    """Tell whether the dish has left its partner for a moment: a tilted one lands on one edge, then on the other."""
    is_open, entries, tails = flat
    off, width = event * OPEN_FIELDS + _OFF, len(tails) // len(is_open)
    entries[off] += 1.0
    _push(tails, event * width, width, 0.0)
    return net_n <= FORCE_FLOOR_N and entries[off] * dt_s < HOP_S + 1e-9


@njit(cache=True)
def _absorb(entries, tails, event, contact, constants) -> None:
    """Add a substep's energy, impulse and sustained force to an event."""
    force_n, _, closing, _, _, down = contact
    dt_s, weight_n, net_n, partner = constants
    entry, width = event * OPEN_FIELDS, len(tails) * OPEN_FIELDS // len(entries)
    share = 0.5 if partner == _DISH else 1.0
    carried_n = weight_n * down if partner == _FURNITURE else 0.0
    entries[entry + _ENERGY] += share * max((force_n - carried_n) * closing, 0.0) * dt_s
    entries[entry + _IMPULSE] += force_n * dt_s
    mean_n = _push(tails, event * width, width, net_n)
    entries[entry + _SUSTAINED] = max(entries[entry + _SUSTAINED], mean_n)


@njit(cache=True)
def _close(where, event, flat, events, count, report_j) -> int:
    """End an event; return the number of events that have ended and are worth reporting."""
    is_open, entries, tails = flat
    entry, width = event * OPEN_FIELDS, len(tails) // len(is_open)
    if entries[entry + _ENERGY] >= report_j:
        events[count, 0], events[count, 1], events[count, 2] = where
        events[count, 3:] = entries[entry : entry + OPEN_FIELDS]
        count += 1
    is_open[event] = False
    entries[entry : entry + OPEN_FIELDS] = 0.0
    tails[event * width : (event + 1) * width] = 0.0
    return count


@njit(cache=True)
def _squeeze(rows, column, squeezed, where) -> float:
    """Return the largest mean of W consecutive magnitudes in a column of sensors; the window goes on across steps."""
    start, row, num_substeps = column
    tails, largest = squeezed
    tail = tails[where]
    best = 0.0
    for k in range(num_substeps):
        best = max(best, _push(tail, 0, len(tail), abs(rows[start + k * row])))
    largest[where] = best
    return best


@njit(cache=True)
def _push(tails, start, width, force_n) -> float:
    """Append a force to the window of the last W at `start`; return the window's mean."""
    total = force_n
    for i in range(start, start + width - 1):
        tails[i] = tails[i + 1]
        total += tails[i]
    tails[start + width - 1] = force_n
    return total / width
