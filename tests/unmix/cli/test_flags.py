"""Messages of the library in the words of the command line."""

from importlib import import_module

import click

from unmix.cli import COMMANDS, options
from unmix.cli.flags import FLAGS, with_flags


def test_parameters_become_flags_and_nothing_else_changes():
    message = "`n_endmembers` is 9, `overwrite=True` and `spectra` are not; n_endmembers neither."
    assert with_flags(message) == (
        "`-n` is 9, `--overwrite` and `spectra` are not; n_endmembers neither."
    )


def test_every_flag_is_one_of_a_command():
    modules = (import_module(f"unmix.cli.{name}") for name in COMMANDS)
    params = [param for module in modules for param in module.command.params]
    known = {flag for p in params if isinstance(p, click.Option) for flag in p.opts}
    assert {flag.strip("`") for flag in FLAGS.values()} <= known


def test_the_bound_of_refits_is_that_of_the_library():
    from unmix.inputs import MOST_REFITS

    kind = options.refits_option(lambda: None).__click_params__[0].type
    assert (kind.min, kind.max) == (0, MOST_REFITS)
