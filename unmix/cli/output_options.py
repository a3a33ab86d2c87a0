"""Options that say where the maps of a scene go, the same for every command that writes some."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from unmix.cli.options import Command, as_one, memory_option, out_option, overwrite_option
from unmix.cli.talk import Talk, at_work


@dataclass(frozen=True)
class OutputOptions:
    """What the user said about the results, and how they come to be: whole, or not at all."""

    out: Path
    overwrite: bool
    memory: int
    """Bytes for the blocks of a scene."""

    @contextmanager
    def at_work(self) -> Iterator[Talk]:
        """The same as `unmix.cli.talk.at_work`, once it is sure that the folder is free."""
        from unmix.staging import check_free

        check_free(self.out, overwrite=self.overwrite)
        with at_work() as talk:
            yield talk

    @contextmanager
    def staged(self) -> Iterator[Path]:
        """A folder to write to, in bounded memory, that is OUT when the block ends well."""
        from unmix.mapping import limited_memory
        from unmix.staging import staged_folder

        folder = staged_folder(self.out, overwrite=self.overwrite)
        with folder as staged, limited_memory(self.memory):
            yield staged


def with_output_options(command: Command) -> Command:
    """Give a command these options; it gets them as one argument, `output`."""
    options = (out_option, overwrite_option, memory_option)
    return as_one(command, options, "output", OutputOptions)
