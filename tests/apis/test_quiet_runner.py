def test_a_checkpoint_is_told_of_once(tiny_runner, tmp_path, capsys):
    tiny_runner({'train_cfg.max_epochs': 1}).train()
    path = tmp_path / 'run' / 'epoch_1.pth'
    capsys.readouterr()
    tiny_runner(work_dir='tested', load_from=str(path), trains=False).test()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith(f' - INFO - Load checkpoint from {path}')


def test_what_a_run_prints(tiny_runner, tmp_path, capsys):
    tiny_runner().train()
    printed = capsys.readouterr().out
    (log,) = (tmp_path / 'run').glob('20*/*.log')
    kept = log.read_text()
    for text in ('System environment:', 'Config:\n', 'Hooks will be', 'FileClient', 'Exp name', 'Saving checkpoint'):
        assert text in kept
        assert text not in printed
    assert 'Initialization information' in kept
    lines = [line for line in printed.splitlines() if ' - mmengine - ' in line]
    assert lines == printed.splitlines()
    assert [line.split(' - ')[-1].split('  ')[0] for line in lines] == ['epoch 1/2', 'epoch 2/2']
    assert 'Epoch(train)' in kept and 'Epoch(val)' in kept
