"""Of processes that a launcher has started one tells of an error."""

import os
from pathlib import Path


def is_first_to_tell() -> bool:
    """Whether no other process that torchrun has started with this one has told of an error; from now on one has.

    torchrun's processes on other machines tell of theirs on their own.

    Example:
        >>> is_first_to_tell()
        True
    """
    if note := _note():
        try:
            note.touch(exist_ok=False)
        except FileExistsError:
            return False
        except OSError:  # told twice is better than not at all
            return True
    return True


def another_has_told() -> bool:
    """Whether another process has told of an error, of which this one's is a consequence."""
    note = _note()
    return note is not None and note.exists()


def _note() -> Path | None:
    """The file that says so; torchrun gives each process a file for its errors, in a folder that they share."""
    file = os.environ.get('TORCHELASTIC_ERROR_FILE')
    return Path(file).parents[1] / 'told' if file and len(Path(file).parents) > 1 else None
