"""The kinds of compiled functions, and what Numba is asked to leave out of them.

Numba gives each function a second entry for C, which nobody calls here, and a third for Python. What is
inlined would be copied into both, and compiled there once more wherever it is used.

What else makes compiling slow, and is avoided here: to assign an array to a slice of another (Numba
then compiles the text of the error for shapes that differ, 20 s), sorting, and an inlined function called
with arguments of several types, where a number written out is a type of its own: `np.int64(0)` is not. The
panels of `cholesky.add_upper` do take written numbers, since it is a tenth slower without knowing them.
"""

from functools import partial

from numba import njit

kernel = partial(njit, nogil=True, cache=True, no_cfunc_wrapper=True)  # called from Python alone
shared = partial(kernel, forceinline=True)  # called from Python and by kernels, into which it is copied
inlined = partial(shared, no_cpython_wrapper=True)  # called by kernels alone: from Python, it would crash
