"""Kills workers of a search at random moments, and compares the study with that of a search that nobody disturbed.

    python tests/kills/search.py --kills 30

Two of three are killed (SIGKILL), one is asked to end (SIGTERM), and each time another begins in its place. Ends with
status 0 if no trial was lost or done twice and all scores are the same bit by bit.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / 'tests/integration')]

from conftest import started_tools  # noqa: E402
from test_search_kills import NOBODY, check_ends, config_text, search_undisturbed, search_with_kills  # noqa: E402

from ktg_mm.search.space.candidates import KEY  # noqa: E402


def main() -> None:
    """Searches undisturbed, then with kills, and compares."""
    parser = argparse.ArgumentParser(description='Kills workers of a search, and compares its study with another.')
    parser.add_argument('--kills', type=int, default=30, help='how many workers to end; default: 30')
    parser.add_argument('--seed', type=int, default=0, help='seed of the moments; default: 0')
    parser.add_argument('--trials-per-worker', type=int, default=1, help='how many each has under way; default: 1')
    parser.add_argument('--storage', metavar='URL', help='an empty database; default: an SQLite file')
    args = parser.parse_args()
    trials, start = max(8, args.kills), time.monotonic()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        for part in ('tools', 'undisturbed', 'disturbed'):
            (folder / part).mkdir()
        config = folder / 'nobody.py'
        base = ROOT / 'configs/search/ktg_3node_digits.py'
        config.write_text(f'_base_ = [{str(base)!r}]\n{config_text(NOBODY, args.trials_per_worker)}')
        tools = stack.enter_context(started_tools(folder / 'tools'))
        undisturbed = search_undisturbed(tools, config, folder / 'undisturbed', trials)
        storage = args.storage or f'sqlite:///{folder}/disturbed/search.db'
        ended = search_with_kills(tools, config, folder / 'disturbed', storage, args.seed, args.kills, trials)
        ends = check_ends(storage, config.stem, trials)
        found = {trial.user_attrs[KEY]: trial.value for trial in ends}
        different = [key for key, value in undisturbed.items() if found.get(key) != value]
        by_signal = ', '.join(f'{count} {how.name}' for how, count in sorted(ended.items()))
        print(f'{by_signal}; {trials} graphs, each with one end, {len(different)} with another score', end='')
        print(f' ({time.monotonic() - start:.0f} s)')
        sys.exit(bool(different))


if __name__ == '__main__':
    main()
