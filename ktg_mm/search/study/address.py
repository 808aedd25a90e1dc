"""Where a search is kept."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import Config

from ktg_mm.apis.config import config_name
from ktg_mm.errors import UserError
from ktg_mm.search.space.options import check_options

from .arguments import VARIABLE


@dataclass(frozen=True)
class StudyAddress:
    """Where a search is kept.

    Args:
        folder: Its logs, checkpoints, weights of frozen teachers and pictures.
        storage: Address of the storage, for :func:`ktg_mm.search.open_storage`.
        study: Name of the study in the storage.
        source: Who says where the storage is, as a message adds it; nobody where ``--storage`` does.

    Example:
        >>> StudyAddress.of(Config(dict(search=dict(trials=3))), 'here')
        StudyAddress(folder=PosixPath('here'), study='graph')
    """

    folder: Path
    storage: str = field(repr=False)  # may hold a password
    study: str
    source: str = field(default='', repr=False, compare=False)

    @classmethod
    def of(
        cls, cfg: Config, work_dir: str | Path | None = None, storage: str | None = None, study: str | None = None
    ) -> StudyAddress:
        """The address of a config's search.

        Args:
            cfg: A config with ``search``.
            work_dir: Folder of the search. Defaults to the config's, else ``work_dirs/<config's name>``.
            storage: Defaults to ``search.storage``, else the environment variable ``KTG_MM_STORAGE``, else the SQLite
                file ``search.db`` in the folder.
            study: Defaults to ``search.study``, else the config's name.

        Raises:
            UserError: If there is no ``search``, or one with wrong entries, or the study's name is none.
        """
        options = check_options(cfg.get('search'))
        name = config_name(cfg)
        folder = Path(work_dir or cfg.get('work_dir') or Path('work_dirs') / name)
        places = {
            '': storage,
            ', of search.storage': options.get('storage'),
            f', of {VARIABLE}': os.environ.get(VARIABLE),
            ', of --work-dir': f'sqlite:///{folder}/search.db',
        }
        source, address = next((source, address) for source, address in places.items() if address)
        study = study or options.get('study') or name
        if not study.isprintable():
            raise UserError(f'--study {study!r}: a name must be of characters that can be printed')
        return cls(folder, address, study, source)
