"""Vector instructions: a small matrix product held in registers, and the few steps that go around it.

Every heavy kernel of palate is made of one inner loop: the Gram matrix of a row (`rows`), the
trailing update of its Cholesky factor (`cholesky`) and the scores of a block of users against a block
of items (`topn`). That loop is `add_products`, written as LLVM vector instructions because Numba
has no way to say "keep this tile in registers": its own loops load and store the accumulator at
every step and reach about half of the arithmetic rate. The width of a matrix need not be known when
this is compiled, only that of the tile, so that one compilation serves every number of factors.

Vectors are eight float32. LLVM lowers them to whatever the processor has (AVX, NEON, two SSE
registers), so there is one source and no compiler on the user's machine. The order of summation is
fixed by the code.

All arrays are flat, C-contiguous float32, and `*_at` is the element where an operand starts.
Nothing here checks bounds.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

FAST = {"contract", "reassoc", "nsz", "arcp"}  # not nnan: the checks for NaN must stay
LANES = 8  # float32 values in a vector; every padded width is a multiple of it

# A tile of 4 rows and 3 vectors is 12 accumulators: with its operands that fills the 16 registers
# of AVX2. Fewer than 8 accumulators would wait for the latency of the multiply-add, which is why
# the narrow tiles are 4 x 2, 8 x 1 and 2 x 4.

_FLOAT = ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_INT32 = ir.IntType(32)


class _Emitter:
    """What the intrinsics below need from the LLVM builder, in their own words."""

    def __init__(self, context, builder, signature, args):
        self.context, self.builder, self.signature, self.args = context, builder, signature, args
        self.word = context.get_value_type(types.intp)
        self.multiply_add = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(_VECTOR, [_VECTOR] * 3), f"llvm.fmuladd.v{LANES}f32"
        )

    def constant(self, value):
        return ir.Constant(self.word, value)

    def step(self, pointer, amount):
        return self.builder.gep(pointer, [amount], source_etype=_FLOAT, inbounds=True)

    def pointer(self, position):
        """The address of the array argument at `position`, moved on by the argument after it."""
        view = self.context.make_array(self.signature.args[position])(
            self.context, self.builder, self.args[position]
        )
        return self.step(view.data, self.args[position + 1])

    def load(self, pointer):
        loaded = self.builder.load(pointer, typ=_VECTOR)
        loaded.align = 4
        return loaded

    def store(self, value, pointer):
        self.builder.store(value, self.builder.bitcast(pointer, _VECTOR.as_pointer())).align = 4

    def broadcast(self, scalar):
        single = self.builder.insert_element(
            ir.Constant(_VECTOR, ir.Undefined), scalar, ir.Constant(_INT32, 0)
        )
        mask = ir.Constant(ir.VectorType(_INT32, LANES), [0] * LANES)
        return self.builder.shuffle_vector(single, ir.Constant(_VECTOR, ir.Undefined), mask)

    def load_broadcast(self, pointer):
        scalar = self.builder.load(pointer, typ=_FLOAT)
        scalar.align = 4
        return self.broadcast(scalar)

    def loop(self, count, carried, body):
        """Run `body(values) -> next values` `count` times on the carried values and return what
        they end as.
        """
        builder = self.builder
        entry = builder.block
        again, done = builder.append_basic_block("again"), builder.append_basic_block("done")
        builder.cbranch(builder.icmp_signed(">", count, self.constant(0)), again, done)
        builder.position_at_end(again)
        counter = builder.phi(self.word)
        phis = [builder.phi(value.type) for value in carried]
        following = builder.add(counter, self.constant(1))
        results = body(phis)
        for phi, first, new in zip(
            [counter, *phis], [self.constant(0), *carried], [following, *results], strict=True
        ):
            phi.add_incoming(first, entry)
            phi.add_incoming(new, again)
        builder.cbranch(builder.icmp_signed("<", following, count), again, done)
        builder.position_at_end(done)
        ends = [builder.phi(value.type) for value in carried]
        for end, first, new in zip(ends, carried, results, strict=True):
            end.add_incoming(first, entry)
            end.add_incoming(new, again)
        return ends

    def nothing(self):
        return self.context.get_dummy_value()


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
    n_rows, n_vectors, index = rows.literal_value, vectors.literal_value, types.intp

    def generate(context, builder, signature, args):
        emit = _Emitter(context, builder, signature, args)
        _, _, out_stride_, _, _, left_stride_, _, _, right_stride_, right_chunk_, n_, _, _ = args
        out_rows = [
            emit.step(emit.pointer(0), builder.mul(out_stride_, emit.constant(row))) for row in range(n_rows)
        ]
        cells = [
            emit.step(row, emit.constant(LANES * chunk)) for row in out_rows for chunk in range(n_vectors)
        ]

        def multiply(carried):
            left_now, right_now, *sums = carried
            rights = [
                emit.load(emit.step(right_now, builder.mul(right_chunk_, emit.constant(chunk))))
                for chunk in range(n_vectors)
            ]
            lefts = [emit.load_broadcast(emit.step(left_now, emit.constant(row))) for row in range(n_rows)]
            results = [
                builder.call(emit.multiply_add, [lefts[row], rights[chunk], sums[row * n_vectors + chunk]])
                for row in range(n_rows)
                for chunk in range(n_vectors)
            ]
            return [emit.step(left_now, left_stride_), emit.step(right_now, right_stride_), *results]

        ends = emit.loop(
            n_, [emit.pointer(3), emit.pointer(6), *(emit.load(cell) for cell in cells)], multiply
        )
        for cell, end in zip(cells, ends[2:], strict=True):
            emit.store(end, cell)
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
        emit = _Emitter(context, builder, signature, args)
        scale_ = emit.broadcast(args[4])

        def add(pointers):
            out_now, x_now = pointers
            emit.store(
                builder.call(emit.multiply_add, [scale_, emit.load(x_now), emit.load(out_now)]), out_now
            )
            return [emit.step(pointer, emit.constant(LANES)) for pointer in pointers]

        emit.loop(args[5], [emit.pointer(0), emit.pointer(2)], add)
        return emit.nothing()

    return types.void(out, types.intp, x, types.intp, types.float32, types.intp), generate


@intrinsic
def copy_scaled(typingctx, out, out_at, out_step, x, x_at, x_step, scale, n):
    """`out = scale * x` over `n` vectors, which lie `out_step` and `x_step` elements apart."""

    def generate(context, builder, signature, args):
        emit = _Emitter(context, builder, signature, args)
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
        emit = _Emitter(context, builder, signature, args)

        def add(carried):
            x_now, y_now, total = carried
            total = builder.call(emit.multiply_add, [emit.load(x_now), emit.load(y_now), total])
            return [emit.step(x_now, emit.constant(LANES)), emit.step(y_now, emit.constant(LANES)), total]

        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        total = emit.loop(args[4], [emit.pointer(0), emit.pointer(2), zero], add)[2]
        width = LANES
        while width > 1:  # halves of the vector are added until one lane is left
            width //= 2
            mask = ir.Constant(
                ir.VectorType(_INT32, LANES), [(lane + width) % LANES for lane in range(LANES)]
            )
            total = builder.fadd(total, builder.shuffle_vector(total, total, mask))
        return builder.extract_element(total, ir.Constant(_INT32, 0))

    return types.float32(x, types.intp, y, types.intp, types.intp), generate


@intrinsic
def prefetch(typingctx, array, at):
    """Ask for the cache line of element `at` of a float32 array, to be read soon; has no other effect."""

    def generate(context, builder, signature, args):
        emit = _Emitter(context, builder, signature, args)
        byte = ir.IntType(8).as_pointer()
        function_type = ir.FunctionType(ir.VoidType(), [byte, _INT32, _INT32, _INT32])
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
        read, all_levels, data = (ir.Constant(_INT32, value) for value in (0, 3, 1))
        builder.call(function, [builder.bitcast(emit.pointer(0), byte), read, all_levels, data])
        return emit.nothing()

    return types.void(array, types.intp), generate
