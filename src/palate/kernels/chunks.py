"""Compressed sparse rows a chunk of rows at a time, so that several threads can take part: which
entries are kept, two tables as one, and the transpose.

Each chunk writes places of its own, which its caller found by counting first: the result does not
depend on which chunk comes when.
"""

import numpy as np

from palate.kernels.compiling import inlined, kernel


@kernel()
def row_counts(keys, out):
    """Add the number of entries of each key to `out`, int64, and return whether the keys ascend."""
    before, falls = 0, 0
    for entry in range(len(keys)):
        key = keys[entry]
        out[key] += 1
        falls += key < before
        before = key
    return falls == 0


@kernel()
def count_kept(first, last, indptr, dropped, out):
    """Write how many entries of each row of a range are not `dropped` to `out` (n_rows,)."""
    for row in range(first, last):
        kept = 0
        for entry in range(indptr[row], indptr[row + 1]):
            kept += not dropped[entry]
        out[row] = kept


@kernel()
def copy_kept(first, last, indptr, dropped, out_indptr, values, out):
    """Copy the values of the entries that are not `dropped` of rows `first` to `last` to `out`."""
    place = out_indptr[first]
    for entry in range(indptr[first], indptr[last]):
        if not dropped[entry]:
            out[place] = values[entry]
            place += 1


@kernel()
def count_columns(start, stop, columns, out):
    """Add the number of entries `start` to `stop` of each column to `out` (n_columns,) int32."""
    for entry in range(start, stop):
        out[columns[entry]] += 1


@kernel()
def scatter(first, last, indptr, columns, values, weights, places, out_rows, out_values, out_weights):
    """Write the entries of rows `first` to `last` where the transposed matrix has them.

    Parameters
    ----------
    weights, out_weights : ndarray, float32
        A second value of each entry, or both empty.
    places : ndarray of shape (n_columns,), int32
        Where the first entry of each column goes; counted up.
    """
    for row in range(first, last):
        for entry in range(indptr[row], indptr[row + 1]):
            column = columns[entry]
            place = places[column]
            places[column] = place + 1
            out_rows[place] = row
            out_values[place] = values[entry]
            if weights.size > 0:
                out_weights[place] = weights[entry]


@kernel()
def merge_rows(first, last, one_indptr, one_columns, two_indptr, two_columns, out_indptr, second):
    """Mark which entries of rows `first` to `last`, by ascending column, come from the second table.

    Returns how many entries have the column of the one before, or -1 if a row of a table does not ascend.
    """
    twice = 0
    for row in range(first, last):
        i, end, j, stop = one_indptr[row], one_indptr[row + 1], two_indptr[row], two_indptr[row + 1]
        before = -1
        for place in range(out_indptr[row], out_indptr[row + 1]):
            from_second = i == end or (j < stop and two_columns[j] < one_columns[i])
            column = two_columns[j] if from_second else one_columns[i]
            if column < before:
                return -1
            twice += column == before
            before = column
            second[place] = from_second
            if from_second:
                j += 1
            else:
                i += 1
    return twice


@kernel()
def interleave(first, last, one_indptr, one, two_indptr, two, out_indptr, second, out):
    """Write the values of rows `first` to `last` of two tables as `merge_rows` has marked them."""
    i, j = one_indptr[first], two_indptr[first]
    for place in range(out_indptr[first], out_indptr[last]):
        if second[place]:
            out[place] = two[j]
            j += 1
        else:
            out[place] = one[i]
            i += 1


@inlined()
def _slot(key, slots, levels):
    """Return where a key stands in the hash table `slots` of places in `levels`, or where it would go."""
    at = np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)) & (len(slots) - 1)
    while slots[at] >= 0 and levels[slots[at]] != key:
        at = (at + 1) & (len(slots) - 1)
    return at


@kernel()
def find_levels(keys, slots, levels):
    """Write the distinct keys to `levels`, as they come, and return how many they are, or -1 if there
    are more than it has room for.

    Parameters
    ----------
    keys, levels : ndarray, uint32
    slots : ndarray of shape (2 ** m,), int32
        -1 throughout; m at most 24. Becomes the table by which `encode` finds the levels.
    """
    used = 0
    for entry in range(len(keys)):
        at = _slot(keys[entry], slots, levels)
        if slots[at] < 0:
            if used == len(levels):
                return -1
            slots[at] = used
            levels[used] = keys[entry]
            used += 1
    return used


@kernel()
def encode(keys, slots, levels, codes, out):
    """Write the code of the level of each key, all of which are among the levels of `find_levels`."""
    for entry in range(len(keys)):
        out[entry] = codes[slots[_slot(keys[entry], slots, levels)]]


@kernel()
def add_levels(columns, codes, levels, out):
    """Add the level of each entry to that of its column in `out`, float64."""
    for entry in range(len(columns)):
        out[columns[entry]] += np.float64(levels[codes[entry]])


@kernel()
def count_groups(start, stop, keys, group_of, out):
    """Add the number of entries `start` to `stop` whose key is of each group to `out` (n_groups,)."""
    for entry in range(start, stop):
        out[group_of[keys[entry]]] += 1


@kernel()
def group_places(start, stop, keys, group_of, places, out):
    """Write where entries `start` to `stop` go so that those of a group come together, int32.

    Parameters
    ----------
    places : ndarray of shape (n_groups,), int64
        Where the first of these entries of each group goes; counted up.
    """
    for entry in range(start, stop):
        group = group_of[keys[entry]]
        out[entry] = places[group]
        places[group] += 1


@kernel()
def put_at(start, stop, values, places, out):
    """Write entries `start` to `stop` of the values to their places in `out`."""
    for entry in range(start, stop):
        out[places[entry]] = values[entry]


@kernel()
def take_at(start, stop, values, places, out):
    """Write the values at places `start` to `stop` to the same part of `out`."""
    for entry in range(start, stop):
        out[entry] = values[places[entry]]
