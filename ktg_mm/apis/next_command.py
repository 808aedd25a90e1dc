"""What to run next, as the user would write it."""

import shlex
import sys
from pathlib import Path

from ktg_mm.shipped import shipped, tool_command


def next_command(tool: str, *arguments: object) -> str:
    """A command to copy: with ``ktg`` where that was called or a wheel installed, else with the script beside it.

    Args:
        tool: Name of the tool.
        arguments: Its arguments.

    Example:
        >>> next_command('test', 'a.py', 'work dirs/a.pth')
        "ktg test a.py 'work dirs/a.pth'"
    """
    running = Path(sys.argv[0])
    script = running.with_name(f'{tool}.py')
    ours = shipped('tools') / f'{tool}.py'
    beside = script.is_file() and ours.exists() and script.samefile(ours)
    begins = ['python', str(script)] if beside and not tool_command(tool).startswith('ktg ') else ['ktg', tool]
    return shlex.join([*begins, *map(str, arguments)])
