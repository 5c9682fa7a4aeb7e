"""A Dask cluster (`dask scheduler`, `dask worker`), through the executor that Dask's own client gives."""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import Any, cast

from bias_harness.errors import BiasHarnessError, UsageError
from bias_harness.version import code_digest
from bias_harness.workers.engines import Engine

SECONDS_TO_CONNECT = 10
AHEAD = 2
LIBRARIES = ("numpy", "pandas", "scipy")


@contextmanager
def cluster(address: str, shared: object) -> Iterator[Engine]:
    """The workers of the cluster, which keep what all pieces share; a piece whose worker is lost, Dask does again.

    Raises `UsageError` where Dask is not installed, no scheduler answers at the address, or it has no workers.
    """
    client = _connected(address)
    try:
        executor = client.get_executor(pure=False)
        # A task, not `scatter`: what is scattered is lost with its workers, what a task made is made again.
        kept = client.submit(_itself, shared, pure=False)
        try:
            yield _Cluster(address, client, executor, kept)
        finally:
            executor.shutdown(wait=False)
    finally:
        client.close(timeout=SECONDS_TO_CONNECT)


def _connected(address: str) -> Any:
    try:
        import distributed
    except ImportError:
        raise UsageError("--cluster needs Dask, which is not installed: pip install 'bias_harness[cluster]'") from None
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters of it is raised, and said in a sentence
    try:
        client: Any = cast("Any", distributed).Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--cluster {address}: no scheduler answers there ({type(error).__name__}); `dask scheduler` starts one "
            "and says its address, as tcp://host:8786"
        ) from None
    try:
        client.wait_for_workers(1, timeout=SECONDS_TO_CONNECT)
    except TimeoutError:
        client.close()
        raise UsageError(
            f"--cluster {address}: the scheduler has no workers; start some: dask worker {address}"
        ) from None
    return client


@dataclass(frozen=True)
class _Cluster:
    address: str
    client: Any
    executor: Executor
    kept: Any

    def submit(self, function: Callable[[Any, Any], Any], piece: object) -> Future[Any]:
        return self.executor.submit(_do, installed(), function, self.kept, piece)

    def result(self, future: Future[Any]) -> Any:
        from distributed.scheduler import KilledWorker

        try:
            with self._in_touch():
                return future.result()
        except ImportError as error:
            raise UsageError(
                f"--cluster {self.address}: a worker there cannot import what this needs ({error}); install the same "
                "bias_harness for every worker"
            ) from None
        except KilledWorker:
            raise BiasHarnessError(
                f"--cluster {self.address}: every worker that was given the same piece of work was killed, mostly "
                "because memory ran out; give them more, or fewer threads each (dask worker --nthreads 1)"
            ) from None

    def ahead(self) -> int:
        with self._in_touch():
            threads: dict[str, int] = self.client.nthreads()
        return AHEAD * max(1, sum(threads.values()))

    @contextmanager
    def _in_touch(self) -> Iterator[None]:
        from distributed.comm.core import CommClosedError

        try:
            yield
        except (CancelledError, CommClosedError):
            raise BiasHarnessError(
                f"--cluster {self.address}: the connection to the scheduler was lost; start it again and run the same "
                "command"
            ) from None


def _itself(shared: object) -> object:
    return shared


def _do(wanted: str, function: Callable[[Any, Any], Any], shared: Any, piece: object) -> Any:
    """A piece, done by a worker that would come to the same numbers. Raises `UsageError` by one that may not."""
    here = installed()
    if here != wanted:
        raise UsageError(
            f"a worker of the cluster has another installation ({here}) than this command ({wanted}), so its numbers "
            "may be others; install the same versions for every worker"
        )
    return function(shared, piece)


@cache
def installed() -> str:
    """What numbers depend on: a digest of this package's files, and the versions of Python and of the libraries."""
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    return f"bias_harness {code_digest()[:12]}, Python {platform.python_version()}, {libraries}"
