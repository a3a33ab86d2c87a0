"""``python -m unmix`` is the command line."""

from unmix.cli import main

if __name__ == "__main__":
    main(prog_name="unmix")
