import hashlib
import json

import pytest

from ktg_mm.config.fingerprint import as_text, fingerprint


def test_the_order_of_keys_does_not_matter_and_that_of_lists_does():
    assert fingerprint(dict(a=[1, 2], b=dict(c=1, d=2))) == fingerprint(dict(b=dict(d=2, c=1), a=(1, 2)))
    assert fingerprint([1, 2]) != fingerprint([2, 1])


@pytest.mark.parametrize('value', [None, 'text', [1, 2.5, True], dict(b=len, a={1})])
def test_hashes_that_stand_in_studies_and_runs_are_found_again(value):
    known = hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()
    assert fingerprint(value) == known


def test_what_json_does_not_know_is_written_as_it_prints():
    assert as_text(dict(kind=int)) == '{"kind": "<class \'int\'>"}'


def test_a_known_hash():
    assert fingerprint(dict(lr=0.1)) == 'c924a5f4ab3bf1f6d643a7eb193587bce3f915fe74b587475b38007d8f3e0d2e'
