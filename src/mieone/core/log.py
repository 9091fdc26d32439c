"""Logs as JSON lines, without personal data: kinds and numbers, never values."""

import logging
import sys
from types import TracebackType

import structlog


def configure_logging() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_values,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _without_values(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """A traceback's frames may hold names and addresses: keep where it failed, not with what."""
    error = event.pop("exc_info", None)
    if error:
        found = error if isinstance(error, BaseException) else sys.exc_info()[1]
        event["error"] = type(found).__name__
        trace = found.__traceback__ if found else None
        event["at"] = [
            f"{frame.tb_frame.f_code.co_filename.rsplit('/mieone/', 1)[-1]}:{frame.tb_lineno}"
            for frame in _frames(trace)
        ][-6:]
    return event


def _frames(trace: TracebackType | None) -> list[TracebackType]:
    frames: list[TracebackType] = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    return frames
