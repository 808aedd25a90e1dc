"""Runs what needs a GPU in a process of its own, as the other tests' must not see it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytestmark = [pytest.mark.gpu, pytest.mark.slow]


@pytest.mark.skipif(torch.cuda.is_available(), reason='this is that process')
def test_in_a_process_that_sees_the_gpu(gpus: int) -> None:
    if not gpus:
        pytest.skip('there is none')
    environment = {**os.environ, 'KTG_MM_SHOW_GPUS': '1'}
    for name in [name for name in environment if name.startswith('PYTEST_')]:
        del environment[name]
    command = [sys.executable, '-m', 'pytest', '-m', 'gpu', '-p', 'no:cacheprovider', Path(__file__).parent]
    process = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout[-8000:] + process.stderr[-2000:]
    assert int(re.findall(r'(\d+) passed', process.stdout)[-1]) >= 10
