"""What is noted of a server and its deploy logs."""

from __future__ import annotations

MESSAGES = {
    "log_window.gone": "The deploy log {path} is gone ({reason}); nothing of this run can be read from it.",
    "log_window.replaced": "The deploy log {path} was replaced during the run; its earlier part is lost.",
    "log_window.rotated": (
        "The deploy log {path} was rotated during the run; its earlier part was read from {older}."
    ),
    "log_window.cut": (
        "The deploy log {path} was cut from {before} to {after} bytes during the run; a part of it is lost."
    ),
}
