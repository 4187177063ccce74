"""Products of vectors: a small matrix product held in registers, and the few steps that go around it.

Every heavy kernel of palate is made of one inner loop: the Gram matrix of a row (`rows`), the
trailing update of its Cholesky factor (`cholesky`) and the scores of a block of users against a block
of items (`topn`). That loop is `add_products`. The width of a matrix need not be known when this is
compiled, only that of the tile, so that one compilation serves every number of factors.

The order of summation is fixed by the code. With AVX-512 two vectors stand in one register, which
changes none of these sums.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from palate.kernels.emitter import FLOAT, INT32, LANES, Emitter, has_wide_registers

# The largest tile, rows and vectors. With the 16 registers of AVX2, 12 accumulators and their operands fill
# them; of the 32 of AVX-512, 8 x 4 vectors take 16. Fewer than 8 accumulators would wait for the latency of
# the multiply-add, which is why the smaller tiles are 4 x 2, 8 x 1 and 2 x 4.
WIDE = has_wide_registers()
TILE_ROWS, TILE_VECTORS = (8, 4) if WIDE else (4, 3)


def _together(n_vectors):
    """Which of several vectors stand in one register."""
    size = 2 if WIDE else 1
    return [range(first, min(first + size, n_vectors)) for first in range(0, n_vectors, size)]


def _check_types(name, columns, others):
    """Refuse arrays of other types, whose memory would be read as if it were of these."""
    if columns.dtype != types.int32 or any(array.dtype != types.float32 for array in others):
        raise TypingError(f"columns of {name} must be int32, and all other arrays float32.")


@intrinsic
def add_products(
    typingctx,
    out,
    out_at,
    out_stride,
    left,
    left_at,
    left_stride,
    right,
    right_at,
    right_stride,
    right_chunk,
    n,
    rows,
    vectors,
):
    """Add `sum_b left[b, r] * right[b, 8 c : 8 c + 8]` to a tile of `out`, for `rows` rows r and
    `vectors` chunks c.

    `*_stride` is the step from one b (one row of `out`) to the next, `right_chunk` the step from
    one chunk of eight columns to the next. `rows` and `vectors` are literal integers.
    `add_products_reference` says the same in NumPy.
    """
    if not all(isinstance(value, types.IntegerLiteral) for value in (rows, vectors)):
        raise TypingError("rows and vectors of add_products must be literal integers.")
    n_rows, groups, index = rows.literal_value, _together(vectors.literal_value), types.intp

    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature, args)
        _, _, out_stride_, _, _, left_stride_, _, _, right_stride_, right_chunk_, n_, _, _ = args
        cells = [
            [emit.step(row, emit.constant(LANES * chunk)) for chunk in group]
            for row in emit.rows(0, out_stride_, n_rows)
            for group in groups
        ]

        def multiply(carried):
            left_now, right_now, *sums = carried
            rights = [
                emit.load_all(
                    [emit.step(right_now, builder.mul(right_chunk_, emit.constant(chunk))) for chunk in group]
                )
                for group in groups
            ]
            lefts = [emit.load(emit.step(left_now, emit.constant(row)), FLOAT) for row in range(n_rows)]
            operands = [(left, right) for left in lefts for right in rights]
            results = [
                emit.multiply_add(emit.broadcast(left, right.type.count), right, total)
                for (left, right), total in zip(operands, sums, strict=True)
            ]
            return [emit.step(left_now, left_stride_), emit.step(right_now, right_stride_), *results]

        ends = emit.loop(
            n_, [emit.pointer(3), emit.pointer(6), *(emit.load_all(cell) for cell in cells)], multiply
        )
        for cell, end in zip(cells, ends[2:], strict=True):
            emit.store_all(end, cell)
        return emit.nothing()

    return types.void(
        out, index, index, left, index, index, right, index, index, index, index, rows, vectors
    ), generate


def add_products_reference(out, left, right):
    """The same on two-dimensional arrays: `out += left' right` for left (n, rows) and right (n, columns)."""
    out += left.T @ right


@intrinsic
def add_scaled(typingctx, out, out_at, x, x_at, scale, n):
    """`out += scale * x` over `n` vectors."""

    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature, args)
        scale_ = emit.broadcast(args[4])

        def add(pointers):
            out_now, x_now = pointers
            emit.store(emit.multiply_add(scale_, emit.load(x_now), emit.load(out_now)), out_now)
            return [emit.step(pointer, emit.constant(LANES)) for pointer in pointers]

        emit.loop(args[5], [emit.pointer(0), emit.pointer(2)], add)
        return emit.nothing()

    return types.void(out, types.intp, x, types.intp, types.float32, types.intp), generate


@intrinsic
def copy_scaled(typingctx, out, out_at, out_step, x, x_at, x_step, scale, n):
    """`out = scale * x` over `n` vectors, which lie `out_step` and `x_step` elements apart."""

    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature, args)
        scale_ = emit.broadcast(args[6])

        def copy(pointers):
            out_now, x_now = pointers
            emit.store(builder.fmul(scale_, emit.load(x_now)), out_now)
            return [emit.step(out_now, args[2]), emit.step(x_now, args[5])]

        emit.loop(args[7], [emit.pointer(0), emit.pointer(3)], copy)
        return emit.nothing()

    index = types.intp
    return types.void(out, index, index, x, index, index, types.float32, index), generate


@intrinsic
def dot(typingctx, x, x_at, y, y_at, n):
    """Return the sum of `x * y` over `n` vectors: lane by lane first, then across the lanes in a
    fixed order.
    """

    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature, args)

        def add(carried):
            x_now, y_now, total = carried
            total = emit.multiply_add(emit.load(x_now), emit.load(y_now), total)
            return [emit.step(x_now, emit.constant(LANES)), emit.step(y_now, emit.constant(LANES)), total]

        total = emit.loop(args[4], [emit.pointer(0), emit.pointer(2), emit.full(0.0)], add)[2]
        width = LANES
        while width > 1:  # halves of the vector are added until one lane is left
            width //= 2
            moved = emit.shuffle(total, total, [(lane + width) % LANES for lane in range(LANES)])
            total = builder.fadd(total, moved)
        return emit.lane(total, 0)

    return types.float32(x, types.intp, y, types.intp, types.intp), generate


@intrinsic
def dot_eight(typingctx, x, x_at, y, columns, at, width, out, out_at):
    """Write the products of `x` with the eight rows `columns[at : at + 8]` of `y` to `out`, each with the
    sums of `dot`.

    `y` starts with its first row, rows are `width` elements long, and `columns` are int32. It takes half the
    time of eight calls of `dot`, since it adds across the lanes of all eight at once.
    """
    _check_types("dot_eight", columns, (x, y, out))

    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature, args)
        first, starts = emit.pointer(3, INT32), []
        for row in range(LANES):
            column = emit.load(emit.step(first, emit.constant(row), INT32), INT32)
            starts.append(emit.step(emit.start(2), builder.mul(builder.sext(column, emit.word), args[5])))

        def add(carried):
            pointers, sums = carried[: LANES + 1], carried[LANES + 1 :]
            values, *others = [emit.load(pointer) for pointer in pointers]
            sums = [
                emit.multiply_add(values, other, total) for other, total in zip(others, sums, strict=True)
            ]
            return [*(emit.step(pointer, emit.constant(LANES)) for pointer in pointers), *sums]

        n = builder.sdiv(args[5], emit.constant(LANES))
        sums = emit.loop(n, [emit.pointer(0), *starts, *[emit.full(0.0)] * LANES], add)[LANES + 1 :]
        width_ = LANES
        while width_ > 1:  # the halves of two vectors stand side by side after each step
            width_ //= 2
            halves = [lane for lane in range(2 * LANES) if lane % (2 * width_) < width_]
            sums = [
                builder.fadd(
                    emit.shuffle(a, b, halves), emit.shuffle(a, b, [lane + width_ for lane in halves])
                )
                for a, b in zip(sums[::2], sums[1::2], strict=True)
            ]
        emit.store(sums[0], emit.pointer(6))
        return emit.nothing()

    index = types.intp
    return types.void(x, index, y, columns, index, index, out, index), generate


@intrinsic
def sum_rows(typingctx, out, out_at, table, table_at, stride, columns, values, at, n, vectors):
    """Write `sum_e values_e table[columns_e]` over the `n` entries from `at` to `vectors` vectors of `out`.

    The vectors of row 0 of `table` start at `table_at`, and rows are `stride` elements apart. `columns` are
    int32, and `vectors` is a literal integer. `sum_rows_reference` says the same in NumPy.
    """
    if not isinstance(vectors, types.IntegerLiteral):
        raise TypingError("vectors of sum_rows must be a literal integer.")
    _check_types("sum_rows", columns, (out, table, values))
    index, groups = types.intp, _together(vectors.literal_value)

    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature, args)
        first = emit.pointer(2)
        starts = emit.step(emit.start(5), args[7], INT32), emit.step(emit.start(6), args[7])

        def add(carried):
            place, value, *sums = carried
            column = builder.sext(emit.load(place, INT32), emit.word)
            row, scale = emit.step(first, builder.mul(column, args[4])), emit.load(value, FLOAT)
            results = []
            for group, total in zip(groups, sums, strict=True):
                part = emit.load(emit.step(row, emit.constant(LANES * group[0])), total.type)
                results.append(emit.multiply_add(emit.broadcast(scale, part.type.count), part, total))
            return [emit.step(place, emit.constant(1), INT32), emit.step(value, emit.constant(1)), *results]

        zeros = [emit.full(0.0, LANES * len(group)) for group in groups]
        sums = emit.loop(args[8], [*starts, *zeros], add)[2:]
        for group, total in zip(groups, sums, strict=True):
            emit.store(total, emit.step(emit.pointer(0), emit.constant(LANES * group[0])))
        return emit.nothing()

    return types.void(out, index, table, index, index, columns, values, index, index, vectors), generate


def sum_rows_reference(table, columns, values):
    """The same on a two-dimensional table."""
    return values @ table[columns]


@intrinsic
def prefetch(typingctx, array, at):
    """Ask for the cache line of element `at` of a float32 array, to be read soon; has no other effect."""

    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature, args)
        byte = ir.IntType(8).as_pointer()
        function_type = ir.FunctionType(ir.VoidType(), [byte, INT32, INT32, INT32])
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
        read, all_levels, data = (ir.Constant(INT32, value) for value in (0, 3, 1))
        builder.call(function, [builder.bitcast(emit.pointer(0), byte), read, all_levels, data])
        return emit.nothing()

    return types.void(array, types.intp), generate
