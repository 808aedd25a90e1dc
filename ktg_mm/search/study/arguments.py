"""Command-line arguments that say where a search is kept."""

import argparse

VARIABLE = 'KTG_MM_STORAGE'  # may hold the address, with a password that then stands on no command line


def add_study_arguments(parser: argparse.ArgumentParser, work_dir: bool = True) -> None:
    """Adds ``--work-dir`` (unless the parser has it already), ``--storage`` and ``--study``.

    Args:
        parser: From :func:`ktg_mm.apis.config_parser`.
        work_dir: False if it has ``--work-dir``.

    Example:
        >>> add_study_arguments(parser := argparse.ArgumentParser())
        >>> parser.parse_args(['--study', 'mine']).study
        'mine'
    """
    if work_dir:
        parser.add_argument('--work-dir', help="folder of the search; default: work_dirs/ and the config's name")
    parser.add_argument(
        '--storage',
        metavar='URL',
        help='where the study is kept: sqlite:///FILE, postgresql+psycopg2://USER@HOST/DATABASE, '
        "grpc://HOST:PORT; default: the config's, else that of the environment variable "
        f'{VARIABLE}, else search.db in the work folder',
    )
    parser.add_argument('--study', metavar='NAME', help="name of the study; default: the config's name")
