"""Data sets that lie on the servers of their owners: what there is, where, and how a file gets here whole or not at all."""
