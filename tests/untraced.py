"""What tests do without measuring its coverage: work that runs none of our lines, or whose time is told.

Measuring costs every Python program half of its speed, those that are not ours too.
"""

import os
import sys
from collections.abc import Callable
from typing import Any


def untraced(work: Callable[..., None], *arguments: Any) -> None:
    """Do something in this thread, unmeasured."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        work(*arguments)
    finally:
        sys.settrace(tracer)


def plain_environment() -> dict[str, str]:
    """The environment of a child that is not measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
