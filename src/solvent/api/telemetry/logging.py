"""Writes log events to standard error: structlog's own, and those of libraries that use the standard module."""

import logging
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import orjson
import structlog

from solvent.settings import LogFormat, Settings


class _Unfailing:
    """A stream that loses what cannot be written: a full disk under the log must not fail a request."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure_logging(settings: Settings) -> None:
    """Send every event of this process to standard error, as lines for people or as JSON."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_exception,
    ]
    renderer: structlog.types.Processor = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    if settings.log_format is LogFormat.JSON:
        renderer = structlog.processors.JSONRenderer(serializer=_render_json)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Unfailing(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[*shared, _without_record, renderer]))
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def _name_exception(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Keep the kind of an exception; its text may quote an applicant."""
    exception = event.pop("exc_info", None)
    if exception:
        kind = exception[0] if isinstance(exception, tuple) else sys.exc_info()[0]
        event["error"] = getattr(kind, "__name__", None)
    return event


def _without_record(logger: Any, method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:  # noqa: ANN401
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, method, event)


def _render_json(event: dict[str, Any], **_: object) -> str:
    return orjson.dumps(event, default=str).decode()
