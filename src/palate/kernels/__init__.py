"""Compiled inner loops: arrays in, arrays out.

A kernel that another kernel calls is `shared` or `inlined` (`palate.kernels.compiling`). Otherwise a
process that compiles the caller runs the called kernel as it was compiled on its own, and a process
that loads the caller from the cache runs the copy within the caller, whose sums may round in another
way.
"""
