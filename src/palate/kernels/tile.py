"""The one inner loop: a small matrix product held in registers.

Every heavy kernel of palate is made of the same step: the Gram matrix of a row (`solve`), the trailing update of
its Cholesky factor (`solve`) and the scores of a block of users against a block of items (`topn`). It is written here once,
as LLVM vector instructions, because Numba has no way to say "keep this tile in registers": its own loops load and store
the accumulator at every step and reach about half of the arithmetic rate.

The vectors are eight float32 wide. LLVM lowers them to whatever the processor has (AVX, AVX-512, NEON, two SSE registers),
so there is one source and no compiler on the user's machine. The order of summation is fixed by the code, not by the processor.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

LANES = 8  # float32 values in a vector; every padded width is a multiple of it
TILE_ROWS = 4  # rows of a tile: 4 rows of 3 vectors are 12 accumulators, which 16 registers can hold with their operands


def _pointer(context, builder, array_type, array, offset):
    """Return the address of element `offset` of a C-contiguous float32 array."""
    view = context.make_array(array_type)(context, builder, array)
    return builder.gep(view.data, [offset], source_etype=ir.FloatType(), inbounds=True)


@intrinsic
def add_products(typingctx, out, out_at, out_stride, left, left_at, left_stride, right, right_at, right_stride, right_chunk, n, vectors, sign):
    """Add `sign * sum_b left[b, r] * right[b, 8 c : 8 c + 8]` to a tile of `out`, for 4 rows r and `vectors` chunks c.

    Arrays are flat float32; `*_at` is the element at which the tile starts, `*_stride` the step from one b (one row of
    `out`) to the next, `right_chunk` the step from one chunk of eight columns to the next. `vectors` and `sign` are literals.

    Reference: `out[r, 8 c + l] += sign * sum(left[b, r] * right[b, c, l] for b in range(n))`, see `add_products_reference`.
    """
    if not isinstance(vectors, types.IntegerLiteral) or not isinstance(sign, types.IntegerLiteral):
        raise TypingError("vectors and sign of add_products must be literal integers.")
    n_vectors, negative = vectors.literal_value, sign.literal_value < 0
    index = types.intp
    signature = types.void(out, index, index, left, index, index, right, index, index, index, index, vectors, sign)

    def generate(context, builder, signature, args):
        out_, out_at_, out_stride_, left_, left_at_, left_stride_, right_, right_at_, right_stride_, right_chunk_, n_, _, _ = args
        arrays = signature.args
        vector = ir.VectorType(ir.FloatType(), LANES)
        word = context.get_value_type(index)
        lane = ir.IntType(32)
        const = lambda value: ir.Constant(word, value)  # noqa: E731
        fma = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fmuladd.v{LANES}f32")

        def step(pointer, amount):
            return builder.gep(pointer, [amount], source_etype=ir.FloatType(), inbounds=True)

        def load_vector(pointer):
            loaded = builder.load(pointer, typ=vector)
            loaded.align = 4
            return loaded

        def broadcast(pointer):
            scalar = builder.load(pointer, typ=ir.FloatType())
            scalar.align = 4
            if negative:
                scalar = builder.fneg(scalar)
            single = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(lane, 0))
            mask = ir.Constant(ir.VectorType(lane, LANES), [0] * LANES)
            return builder.shuffle_vector(single, ir.Constant(vector, ir.Undefined), mask)

        out_pointer = _pointer(context, builder, arrays[0], out_, out_at_)
        left_pointer = _pointer(context, builder, arrays[3], left_, left_at_)
        right_pointer = _pointer(context, builder, arrays[6], right_, right_at_)
        cells = []
        for row in range(TILE_ROWS):
            row_pointer = step(out_pointer, builder.mul(out_stride_, const(row)))
            cells += [step(row_pointer, const(LANES * chunk)) for chunk in range(n_vectors)]
        starts = [load_vector(cell) for cell in cells]

        entry = builder.block
        loop = builder.append_basic_block("products")
        done = builder.append_basic_block("store")
        builder.cbranch(builder.icmp_signed(">", n_, const(0)), loop, done)

        builder.position_at_end(loop)
        counter = builder.phi(word)
        left_now, right_now = builder.phi(left_pointer.type), builder.phi(right_pointer.type)
        sums = [builder.phi(vector) for _ in cells]
        rights = [load_vector(step(right_now, builder.mul(right_chunk_, const(chunk)))) for chunk in range(n_vectors)]
        results = []
        for row in range(TILE_ROWS):
            value = broadcast(step(left_now, const(row)))
            for chunk in range(n_vectors):
                results.append(builder.call(fma, [value, rights[chunk], sums[row * n_vectors + chunk]]))
        following = builder.add(counter, const(1))
        left_next, right_next = step(left_now, left_stride_), step(right_now, right_stride_)
        for phi, first, again in [(counter, const(0), following), (left_now, left_pointer, left_next), (right_now, right_pointer, right_next), *zip(sums, starts, results, strict=True)]:
            phi.add_incoming(first, entry)
            phi.add_incoming(again, loop)
        builder.cbranch(builder.icmp_signed("<", following, n_), loop, done)

        builder.position_at_end(done)
        finals = [builder.phi(vector) for _ in cells]
        for final, start, result in zip(finals, starts, results, strict=True):
            final.add_incoming(start, entry)
            final.add_incoming(result, loop)
        for cell, final in zip(cells, finals, strict=True):
            builder.store(final, builder.bitcast(cell, vector.as_pointer())).align = 4
        return context.get_dummy_value()

    return signature, generate
