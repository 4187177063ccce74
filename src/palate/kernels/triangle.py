"""Upper triangles of eight rows and columns, in registers: their Cholesky factors, and solving with them.

A factor `U` with `A = U'U` is made of multipliers: row r, divided by its pivot, says how much of it is taken
off the rows below it, and the square root of the pivot scales it in the end. Until then a step waits only
for one division, which is what the time of a small factorisation consists of.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from palate.kernels.emitter import BIT, FLOAT, LANES, Emitter

STEPS = (LANES + 1) * LANES  # what `factorise_block` leaves for `apply_block`: 8 x 8 multipliers, 8 scales


@intrinsic
def factorise_block(typingctx, system, system_at, stride, tiny, steps):
    """Turn the upper triangle at `system_at` into its Cholesky factor and write what was done to `steps`.

    Returns the smallest ratio of a diagonal entry to what it was one step before, or -1 where a pivot is not
    above `tiny`. Entries left of the diagonal are overwritten and never read.
    """

    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature, args)
        places, steps_ = emit.rows(0, args[2], LANES), emit.start(4)
        rows = [emit.load(place) for place in places]
        one, diagonal, smallest = ir.Constant(FLOAT, 1.0), emit.full(0.0), emit.full(1.0)
        for lane, row in enumerate(rows):
            entry = emit.lane(row, lane)
            diagonal = builder.insert_element(diagonal, entry, ir.Constant(emit.word, lane))
        for r in range(LANES):
            inverse = builder.fdiv(one, emit.lane(diagonal, r))
            multipliers = builder.fmul(rows[r], emit.broadcast(inverse))
            emit.store(multipliers, emit.step(steps_, emit.constant(LANES * r)))
            taken = builder.fneg(rows[r])
            for below in range(r + 1, LANES):
                rows[below] = emit.multiply_add(emit.spread(multipliers, below), taken, rows[below])
            # The diagonal is kept apart, so that the next pivot need not be taken out of a row.
            is_below = ir.Constant(ir.VectorType(BIT, LANES), [lane > r for lane in range(LANES)])
            less = builder.select(is_below, emit.multiply_add(multipliers, taken, diagonal), diagonal)
            ratio = builder.fdiv(less, diagonal)
            smallest = builder.select(builder.fcmp_ordered("<", ratio, smallest), ratio, smallest)
            diagonal = less
        scales = builder.fdiv(emit.full(1.0), emit.square_root(diagonal))
        emit.store(scales, emit.step(steps_, emit.constant(LANES * LANES)))
        for r, (place, row) in enumerate(zip(places, rows, strict=True)):
            emit.store(builder.fmul(row, emit.spread(scales, r)), place)
        positive = builder.fcmp_ordered(">", diagonal, emit.broadcast(args[3]))
        smallest = builder.select(positive, smallest, emit.full(-1.0))
        result = emit.lane(smallest, 0)
        for r in range(1, LANES):
            other = emit.lane(smallest, r)
            result = builder.select(builder.fcmp_ordered("<", other, result), other, result)
        return result

    index = types.intp
    return types.float32(system, index, index, types.float32, steps), generate


@intrinsic
def apply_block(typingctx, system, system_at, stride, steps, n):
    """Do the `steps` of `factorise_block` to `n` vectors of columns at `system_at`, right of the triangle."""

    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature, args)
        steps_ = emit.start(3)

        def step(at):
            return emit.broadcast(emit.load(emit.step(steps_, emit.constant(at)), FLOAT))

        def apply(carried):
            now = carried[0]
            places = [emit.step(now, builder.mul(args[2], emit.constant(row))) for row in range(LANES)]
            rows = [emit.load(place) for place in places]
            for r in range(LANES):
                taken = builder.fneg(rows[r])
                for below in range(r + 1, LANES):
                    rows[below] = emit.multiply_add(step(LANES * r + below), taken, rows[below])
            for r, (place, row) in enumerate(zip(places, rows, strict=True)):
                emit.store(builder.fmul(row, step(LANES * LANES + r)), place)
            return [emit.step(now, emit.constant(LANES))]

        emit.loop(args[4], [emit.pointer(0)], apply)
        return emit.nothing()

    index = types.intp
    return types.void(system, index, index, steps, index), generate


@intrinsic
def solve_upper(typingctx, system, system_at, stride, values, values_at):
    """Solve `U x = values` in place for the upper triangle U at `system_at`."""

    def generate(context, builder, signature, args):
        emit = Emitter(context, builder, signature, args)
        rows = emit.rows(0, args[2], LANES)
        places = [emit.step(emit.pointer(3), emit.constant(row)) for row in range(LANES)]

        def entry(row, column):
            return emit.load(emit.step(rows[row], emit.constant(column)), FLOAT)

        one = ir.Constant(FLOAT, 1.0)
        inverse = [builder.fdiv(one, entry(row, row)) for row in range(LANES)]
        solved = [emit.load(place, FLOAT) for place in places]
        for column in range(LANES - 1, -1, -1):
            solved[column] = builder.fmul(solved[column], inverse[column])
            taken = builder.fneg(solved[column])
            for row in range(column):
                solved[row] = emit.multiply_add(entry(row, column), taken, solved[row])
        for value, place in zip(solved, places, strict=True):
            emit.store(value, place)
        return emit.nothing()

    index = types.intp
    return types.void(system, index, index, values, index), generate
