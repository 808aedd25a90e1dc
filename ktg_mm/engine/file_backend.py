"""mmengine's files are either whole or not there."""

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from ktg_mm.files import atomic_file


class AtomicLocalBackend(LocalBackend):
    """mmengine's backend for local files, but a write that is interrupted leaves the old file as it was.

    It takes the place of mmengine's own, so checkpoints and everything else that mmengine writes are atomic.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / 'file'
        >>> AtomicLocalBackend().put(b'whole', path)
        >>> path.read_bytes()
        b'whole'
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Writes bytes to a temporary file beside ``filepath``, then renames it."""
        with atomic_file(filepath) as part:
            part.write_bytes(obj)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Writes text likewise."""
        self.put(obj.encode(encoding), filepath)


register_backend('local', AtomicLocalBackend, force=True, prefixes='')
