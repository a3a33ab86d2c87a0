"""Messages of the library in the words of the command line."""

FLAGS = {
    "`n_endmembers`": "`-n`",
    "`known`": "`--endmembers`",
    "`n_refits`": "`--refits`",
    "`random_state`": "`--seed`",
    "`reading`": "`--reading`",
    "`device`": "`--device`",
    "`folder`": "`-o`",
    "`map_format`": "`--format`",
    "`overwrite=True`": "`--overwrite`",
    "`levels`": "`--levels`",
    "`max_models`": "`--max-models`",
    "`max_rmse`": "`--max-rmse`",
    "`min_gain`": "`--min-gain`",
    "`min_fraction`": "`--min-fraction`",
    "`max_fraction`": "`--max-fraction`",
    "`min_shade`": "`--min-shade`",
    "`max_shade`": "`--max-shade`",
    "`normalization`": "`--normalization`",
    "`per_class`": "`--per-class`",
    "`n_draws`": "`--draws`",
    "`n_residual`": "`--residual`",
}
"""What a parameter of the library is called on the command line."""


def with_flags(message: str) -> str:
    """A message with flags where it names parameters.

    Examples
    --------
    >>> with_flags("`n_endmembers` is 9 but there are only 5 bands.")
    '`-n` is 9 but there are only 5 bands.'
    """
    for parameter, flag in FLAGS.items():
        message = message.replace(parameter, flag)
    return message
