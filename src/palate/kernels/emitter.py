"""How the kernels write vector instructions: as LLVM, by a small builder.

Numba has no way to say "keep this tile in registers": its own loops load and store an accumulator at
every step and reach about half of the arithmetic rate. What `tile` and `triangle` say in these words,
LLVM lowers to whatever the processor has (AVX, AVX-512, NEON, two SSE registers), so there is one
source and no compiler on the user's machine.

All arrays are flat, C-contiguous float32, and `*_at` is the element where an operand starts.
Nothing here checks bounds.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils, codegen, config

FAST = {"contract", "reassoc", "nsz", "arcp"}  # not nnan: the checks for NaN must stay
LANES = 8  # float32 values in a vector; every padded width is a multiple of it

FLOAT, INT32, BIT = ir.FloatType(), ir.IntType(32), ir.IntType(1)
VECTOR = ir.VectorType(FLOAT, LANES)


def has_wide_registers() -> bool:
    """Return whether kernels are compiled for AVX-512, with 32 registers that hold two vectors each."""
    features = codegen.get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES
    return "+avx512f" in features.split(",")


class Emitter:
    """What the intrinsics need from the LLVM builder."""

    def __init__(self, context, builder, signature, args):
        self.context, self.builder, self.signature, self.args = context, builder, signature, args
        self.word = context.get_value_type(types.intp)

    def constant(self, value):
        """A number of elements."""
        return ir.Constant(self.word, value)

    def nothing(self):
        """What an intrinsic without a result returns."""
        return self.context.get_dummy_value()

    # Addresses

    def step(self, pointer, amount, element=FLOAT):
        """The address `amount` elements further on."""
        return self.builder.gep(pointer, [amount], source_etype=element, inbounds=True)

    def start(self, position):
        """The address of the array argument at `position`."""
        make = self.context.make_array(self.signature.args[position])
        return make(self.context, self.builder, self.args[position]).data

    def pointer(self, position, element=FLOAT):
        """The address of the array argument at `position`, moved on by the argument after it."""
        return self.step(self.start(position), self.args[position + 1], element)

    def rows(self, position, stride, n):
        """The addresses of `n` rows, `stride` elements apart, from that of `pointer`."""
        first = self.pointer(position)
        return [self.step(first, self.builder.mul(stride, self.constant(row))) for row in range(n)]

    # Loads and stores

    def load(self, pointer, kind=VECTOR):
        """What lies at an address: a vector, or a single number."""
        loaded = self.builder.load(pointer, typ=kind)
        loaded.align = 4
        return loaded

    def store(self, value, pointer):
        """Write a vector or a single number."""
        self.builder.store(value, self.builder.bitcast(pointer, value.type.as_pointer())).align = 4

    def load_all(self, pointers):
        """The vectors at one or two addresses, as one."""
        vectors = [self.load(pointer) for pointer in pointers]
        return vectors[0] if len(vectors) == 1 else self.shuffle(*vectors, range(2 * LANES))

    def store_all(self, value, pointers):
        """Write one or two vectors that are one."""
        for part, pointer in enumerate(pointers):
            lanes = range(LANES * part, LANES * (part + 1))
            self.store(value if len(pointers) == 1 else self.shuffle(value, value, lanes), pointer)

    # Lanes

    def shuffle(self, first, second, lanes):
        """The vector of these lanes of two vectors, counted through."""
        lanes = list(lanes)
        return self.builder.shuffle_vector(
            first, second, ir.Constant(ir.VectorType(INT32, len(lanes)), lanes)
        )

    def lane(self, vector, lane):
        """One number of a vector."""
        return self.builder.extract_element(vector, ir.Constant(INT32, lane))

    def spread(self, vector, lane):
        """A vector of one number of another."""
        return self.shuffle(vector, vector, [lane] * LANES)

    def broadcast(self, scalar, lanes=LANES):
        """A vector of one number."""
        undefined = ir.Constant(ir.VectorType(FLOAT, lanes), ir.Undefined)
        single = self.builder.insert_element(undefined, scalar, ir.Constant(INT32, 0))
        return self.shuffle(single, undefined, [0] * lanes)

    def full(self, value, lanes=LANES):
        """A vector of one constant."""
        return ir.Constant(ir.VectorType(FLOAT, lanes), [value] * lanes)

    # Arithmetic

    def multiply_add(self, x, y, total):
        """`x * y + total` with one rounding where the processor has that."""
        name = "f32" if x.type == FLOAT else f"v{x.type.count}f32"
        function_type = ir.FunctionType(x.type, [x.type] * 3)
        function = cgutils.get_or_insert_function(self.builder.module, function_type, f"llvm.fmuladd.{name}")
        return self.builder.call(function, [x, y, total])

    def square_root(self, vector):
        """The square roots of a vector."""
        function_type = ir.FunctionType(VECTOR, [VECTOR])
        function = cgutils.get_or_insert_function(
            self.builder.module, function_type, f"llvm.sqrt.v{LANES}f32"
        )
        return self.builder.call(function, [vector])

    # Loops

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
