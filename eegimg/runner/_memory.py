"""How much memory a block of work takes at its worst."""

import threading


class PeakMemory:
    """Watch the resident memory of this process while a block runs.

    Attributes
    ----------
    megabytes : float
        Largest resident set size seen, in 1e6 bytes, every 20 ms and at the end.
    """

    def __enter__(self):
        import psutil

        self._process = psutil.Process()
        self._stop = threading.Event()
        self._peak = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self):
        while not self._stop.wait(0.02):
            self._look()

    def _look(self):
        self._peak = max(self._peak, self._process.memory_info().rss)

    def __exit__(self, *details):
        self._stop.set()
        self._thread.join()
        self._look()

    @property
    def megabytes(self):
        """Peak in 1e6 bytes."""
        return round(self._peak / 1e6, 1)
