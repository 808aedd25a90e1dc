"""The command ``ktg``: every tool by its name, wherever one stands."""

import ast
import importlib.util
import os
import sys
from difflib import get_close_matches
from pathlib import Path

from .shipped import shipped

_OTHERS = {'launch'}  # started by the shell scripts


def main() -> None:
    """Runs a tool: ``ktg train CONFIG ...`` is ``python tools/train.py CONFIG ...``.

    It answers ``--help`` without a look at torch. The tool's status is the command's; of a name that is none it is 2.
    """
    tools = commands()
    name, arguments = (sys.argv[1] if len(sys.argv) > 1 else '--help'), sys.argv[2:]
    if name in ('-h', '--help'):
        print(_usage(tools))
    elif name == '--version':
        from ktg_mm import __version__

        print(__version__)
    elif name not in tools:
        near = get_close_matches(name, tools, 1)
        hint = f'did you mean {near[0]!r}?' if near else f'known: {", ".join(tools)}'
        print(f'error: ktg: no command is named {name!r}; {hint}', file=sys.stderr)
        sys.exit(2)
    elif (tool := tools[name]).suffix == '.sh':
        os.environ.setdefault('PYTHON', sys.executable)
        os.environ['KTG_COMMAND'] = f'ktg {name}'  # for what it has to say
        os.execvp('bash', ['bash', str(tool), *arguments])
    else:
        sys.argv = [f'ktg {name}', *arguments]
        spec = importlib.util.spec_from_file_location(name, tool)
        module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
        spec.loader.exec_module(module)  # type: ignore[union-attr]
        module.main()


def commands() -> dict[str, Path]:
    """The tools by name, those that train first.

    Example:
        >>> 'train' in commands()
        True
    """
    folder = shipped('tools')
    paths = [*sorted(folder.glob('*.py')), *sorted(folder.glob('*.sh')), *sorted((folder / 'analysis').glob('*.py'))]
    tools = {path.stem: path for path in paths if path.stem not in _OTHERS}
    first = [name for name in ('train', 'test', 'search', 'export_graph', 'retrain') if name in tools]
    return {name: tools[name] for name in [*first, *tools]}


def _usage(tools: dict[str, Path]) -> str:
    width = max(map(len, tools))
    lines = [f'  {name:{width}}  {_purpose(tool)}' for name, tool in tools.items()]
    return '\n'.join(
        ['usage: ktg COMMAND [arguments]', '', *lines, '', 'ktg COMMAND --help says what a command takes.']
    )


def _purpose(tool: Path) -> str:
    """What a tool is for, from the first line of its text."""
    text = tool.read_text(encoding='utf-8')
    if tool.suffix == '.sh':
        line = next(line for line in text.splitlines()[1:] if line.startswith('#')).lstrip('# ')
    else:
        line = (ast.get_docstring(ast.parse(text)) or '').splitlines()[0]
    return line.split(': ``')[0].rstrip('.:')
