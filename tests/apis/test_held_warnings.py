import warnings

import pytest

from ktg_mm.apis.held_warnings import held_warnings


def test_warnings_come_at_the_end_and_not_with_an_error():
    with pytest.warns(UserWarning, match='old name') as given:
        with held_warnings():
            warnings.warn('old name', stacklevel=1)
            assert not given
    with warnings.catch_warnings(record=True) as given:
        with pytest.raises(ValueError, match='broken'), held_warnings():
            warnings.warn('old name', stacklevel=1)
            raise ValueError('broken')
    assert not given
