"""Work in pieces, done here, by processes of this machine or by a Dask cluster: the same numbers in the same order.

What is done comes in as a function, what all pieces share, and the pieces; what comes out are the results, in the order
of the pieces. Below it is the standard `concurrent.futures.Executor`, whoever makes it. No result may depend on who did
a piece: whatever is drawn is drawn from a seed that goes by the piece's own number.
"""

from __future__ import annotations

from bias_harness.workers.workers import HERE, Workers, cores

__all__ = ["HERE", "Workers", "cores"]
