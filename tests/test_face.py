"""The public names: exactly the intended ones, and each stays what it is whatever was used before."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import bias_harness


def test_no_public_name_is_also_the_name_of_a_module() -> None:
    """Importing a module sets an attribute of its package, so that a module `report` would replace the function."""
    modules = {module.name for module in pkgutil.iter_modules(bias_harness.__path__)}
    assert modules
    assert not modules & set(bias_harness.__all__)


def test_every_public_name_says_what_it_gives() -> None:
    for name in bias_harness.__all__:
        thing = getattr(bias_harness, name)
        assert inspect.getdoc(thing), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(importlib.import_module("bias_harness"), "no_such_name")
