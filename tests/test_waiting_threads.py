"""How torch's threads wait for one another, which is said before torch is imported."""

import os
import subprocess
import sys

import pytest

VARIABLES = ('GOMP_SPINCOUNT', 'OMP_WAIT_POLICY')
SCRIPT = f"import os, sys, ktg_mm; print('torch' in sys.modules, *map(os.environ.get, {VARIABLES}))"


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        ({}, 'False 3000 None'),
        (dict(GOMP_SPINCOUNT='7'), 'False 7 None'),
        (dict(OMP_WAIT_POLICY='ACTIVE'), 'False None ACTIVE'),
    ],
)
def test_a_user_has_the_last_word(given, expected):
    environ = {name: value for name, value in os.environ.items() if name not in VARIABLES} | given
    run = subprocess.run([sys.executable, '-c', SCRIPT], env=environ, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == expected
