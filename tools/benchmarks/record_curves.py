"""Writes the learning curves of a search that stopped nothing, for ``asha.py``, ``samplers.py`` and the tests.

``python tools/benchmarks/record_curves.py configs/search/ktg_3node_digits_curves.py --out curves.json``
"""

import argparse
import json
import platform
import shlex
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ktg_mm.apis import config_parser, one_line_errors
from ktg_mm.errors import UserError
from ktg_mm.files import whole_file
from ktg_mm.search.study.arguments import add_study_arguments

_PACKAGES = ('ktg_mm', 'torch', 'mmengine', 'mmpretrain', 'optuna')


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = config_parser(__doc__.splitlines()[0])
    add_study_arguments(parser)
    parser.add_argument('--out', required=True, type=Path, help='JSON file to write')
    return parser.parse_args()


def curves(study: Any) -> list[dict[str, Any]]:
    """The curves of a study's complete trials, in the order of their numbers.

    Args:
        study: The study; a chain of continued trials is one curve.

    Returns:
        Of each the graph's key, its parameters by name, and its score by epoch.
    """
    from ktg_mm.search.space.candidates import KEY
    from ktg_mm.search.study.retries import earlier_reports, last_of_chains

    found = []
    for trial in last_of_chains(study):
        if trial.state.name == 'COMPLETE':
            values = {**earlier_reports(study, trial), **trial.intermediate_values}
            found.append(
                dict(graph=trial.user_attrs[KEY], parameters=trial.params, values=dict(sorted(values.items())))
            )
    return found


def record(cfg: Any, address: Any, out: Path) -> int:
    """Writes the curves of a config's study.

    Args:
        cfg: The config of the search.
        address: Where it is kept.
        out: File to write.

    Returns:
        The number of curves.

    Raises:
        UserError: If there are none, or some were stopped early.
    """
    from ktg_mm.apis import config_name
    from ktg_mm.search.space.candidates import Candidates
    from ktg_mm.search.study.study import find_study

    study = find_study(address)
    if any(trial.state.name == 'PRUNED' for trial in study.get_trials(deepcopy=False)):
        raise UserError(f'--study {study.study_name}: its pruner stopped graphs; record with NopPruner')
    found = curves(study)
    if not found:
        raise UserError(f'--study {study.study_name}: no trial is complete yet')
    content = dict(
        command=shlex.join(['python', *sys.argv]),
        config=config_name(cfg),
        metric=Candidates(cfg).metrics[0].name,
        direction=study.direction.name.lower(),
        versions=dict(python=platform.python_version(), **{name: version(name) for name in _PACKAGES}),
    )
    # One curve a line, for readable changes.
    lines = ',\n'.join('  ' + json.dumps(curve) for curve in found)
    text = json.dumps(content, indent=1).removesuffix('\n}') + f',\n "curves": [\n{lines}\n ]\n}}\n'
    with whole_file(out) as part:
        part.write_text(text, encoding='utf-8')
    return len(found)


@one_line_errors
def main() -> None:
    """Writes the file."""
    args = parse_args()
    from ktg_mm.apis import load_config
    from ktg_mm.search.study.address import StudyAddress

    cfg = load_config(args.config, args.cfg_options, args.overlays)
    count = record(cfg, StudyAddress.of(cfg, args.work_dir, args.storage, args.study), args.out)
    print(f'{count} curves -> {args.out}')


if __name__ == '__main__':
    main()
