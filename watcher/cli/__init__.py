"""The command line. ``main`` is the program's entry point."""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit with its code."""
    import gc

    # Collecting while half a thousand modules load is a fifth of the start-up of a short command.
    gc.disable()
    try:
        from watcher.cli.shell import run

        run()
    except KeyboardInterrupt:  # while half of it was loaded, or at the very end
        raise SystemExit(130) from None
