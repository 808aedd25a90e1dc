from ktg_mm.apis.first_to_tell import another_has_told, is_first_to_tell


def test_one_process_tells(monkeypatch, tmp_path):
    """torchrun gives each process a file of its own in a folder of its own, beside those of the others."""
    monkeypatch.setenv('TORCHELASTIC_ERROR_FILE', str(tmp_path / '0' / 'error.json'))
    assert not another_has_told() and is_first_to_tell()
    monkeypatch.setenv('TORCHELASTIC_ERROR_FILE', str(tmp_path / '1' / 'error.json'))
    assert another_has_told() and not is_first_to_tell()


def test_a_process_alone_always_tells(monkeypatch):
    monkeypatch.delenv('TORCHELASTIC_ERROR_FILE', raising=False)
    assert is_first_to_tell() and is_first_to_tell() and not another_has_told()
