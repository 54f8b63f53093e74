"""The pytest plugin: options, preflight, recorder, reporting. Only this package and fixtures/ import pytest."""
