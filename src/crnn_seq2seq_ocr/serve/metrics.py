"""Numbers for Prometheus, in a registry of their own."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

READING = frozenset({"/v1/read", "/v1/pages"})
"""The addresses whose requests are counted."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """What the service counts.

    Args:
        waiting: Tells how many texts wait, whenever it is asked.
        pages_waiting: The same of photographs, those that are being read counted in.
    """

    def __init__(self, waiting: Callable[[], int], pages_waiting: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "crnn_ocr_requests", "Requests to read, by address and status.", ["path", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "crnn_ocr_request_seconds", "From a request's first byte to its answer.", ["path"], buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self._texts = Counter("crnn_ocr_texts", "Texts that were read.", registry=self._registry)
        self._batch_size = Histogram(
            "crnn_ocr_batch_size", "Texts read together.", buckets=_SIZES, registry=self._registry
        )
        self._batch_seconds = Histogram(
            "crnn_ocr_batch_seconds", "What a batch took to decode and read.", buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        Gauge("crnn_ocr_waiting", "Texts in the queue.", registry=self._registry).set_function(waiting)
        Gauge(
            "crnn_ocr_pages_waiting", "Photographs that wait or are being read.", registry=self._registry
        ).set_function(pages_waiting)

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request to one of `READING` that was answered."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def batch(self, size: int, seconds: float) -> None:
        """Count a batch that was read."""
        self._texts.inc(size)
        self._batch_size.observe(size)
        self._batch_seconds.observe(seconds)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self._registry)
