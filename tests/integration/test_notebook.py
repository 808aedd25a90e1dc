"""The notebook, run from top to bottom: here with small numbers; ``python tests/integration/test_notebook.py`` runs it
with its own, and stores what it shows."""

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / 'docs/tutorial_notebook.ipynb'
SMALL = dict(EPOCHS=1, TRIALS=1, SEARCH_EPOCHS=1)


def executed(folder: Path, numbers: dict[str, int] | None = None) -> Any:
    """The notebook with what its cells have shown, run in a folder; the numbers take the place of its own."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (parameters,) = (cell for cell in notebook.cells if 'parameters' in cell.metadata.get('tags', ()))
    for name, number in (numbers or {}).items():
        parameters.source, count = re.subn(rf'(?m)^{name} = \d+$', f'{name} = {number}', parameters.source)
        assert count == 1, f'the notebook has no {name}'
    NotebookClient(notebook, timeout=600, resources=dict(metadata=dict(path=str(folder)))).execute()
    return notebook


def shown(notebook: Any) -> str:
    """All text that the cells have shown."""
    outputs = [output for cell in notebook.cells if cell.cell_type == 'code' for output in cell.outputs]
    return '\n'.join(output.get('text') or str(output.get('data')) for output in outputs)


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.setenv('IPYTHONDIR', str(tmp_path / 'ipython'))
    notebook = executed(tmp_path, SMALL)
    text = shown(notebook)
    assert text.count('<svg') == 2 and 'image/png' in text
    assert "model.edges['net3->net1']: no node is named 'net3'" in text
    assert 'ensemble: alone ' in text and 'says ' in text
    for name in ('runs/taught/epoch_1.pth', 'runs/best/epoch_1.pth', 'runs/search/search.db'):
        assert (tmp_path / name).is_file()


def test_what_is_stored_is_of_a_whole_run_and_of_no_machine():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == 'code']
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not any(output.output_type == 'error' for cell in code for output in cell.outputs)
    assert '\x1b' not in shown(notebook) and 'Warning' not in shown(notebook)
    assert not re.search(r'/(tmp|home|root|work|dev|usr|var|Users)/', shown(notebook))
    assert 'configs/' not in ''.join(cell.source for cell in code)  # it runs where there is no checkout


def store() -> None:
    """Runs it and stores what it shows, without this machine's folder, colours, and what was shown for a moment."""
    with tempfile.TemporaryDirectory() as folder:
        notebook = executed(Path(folder))
        for cell in notebook.cells:
            cell.metadata.pop('execution', None)  # when it was
            if cell.cell_type == 'code':
                cell.outputs = joined(output for output in cell.outputs if not is_empty(output))
        text = nbformat.writes(notebook).replace(f'{os.path.realpath(folder)}/', '')
    NOTEBOOK.write_text(f'{text}\n')


def is_empty(output: Any) -> bool:
    """Whether it is a bar that has gone."""
    return output.get('data', {}).get('text/plain') == ''


def joined(outputs: Iterable[Any]) -> list[Any]:
    """Texts that follow one another as one."""
    found: list[Any] = []
    for output in outputs:
        if output.output_type == 'stream':
            output.text = re.sub('\x1b\\[[0-9;]*m', '', output.text)
            if found and found[-1].get('name') == output.name:
                found[-1].text += output.text
                continue
        found.append(output)
    return found


if __name__ == '__main__':
    store()
