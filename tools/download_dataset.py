"""Downloads a data set: ``python tools/download_dataset.py cifar100 --data-root data/cifar100``."""

import argparse

from ktg_mm.apis import one_line_errors
from ktg_mm.apis.arguments import Parser
from ktg_mm.archives import ARCHIVES


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = Parser(description='Downloads a data set and unpacks it.')
    parser.add_argument('name', help=f'data set: {", ".join(sorted(ARCHIVES))}')
    parser.add_argument('--data-root', required=True, metavar='DIR', help="folder to fill, the config's data_root")
    return parser.parse_args()


@one_line_errors
def main() -> None:
    """Downloads and unpacks."""
    args = parse_args()
    from ktg_mm.datasets.download import download

    download(args.name, args.data_root)


if __name__ == '__main__':
    main()
