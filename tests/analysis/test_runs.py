import pytest

from ktg_mm.analysis.runs import files_name, read_runs, run_names, runs_parser
from ktg_mm.errors import UserError


@pytest.mark.parametrize(
    ('paths', 'names'),
    [
        (['a/epoch_1.pth'], ['epoch_1']),
        (['w/a/epoch_1.pth', 'w/a/epoch_2.pth'], ['epoch_1', 'epoch_2']),
        (['w/a/seed0/epoch_1.pth', 'w/a/seed1/epoch_1.pth'], ['seed0', 'seed1']),
        (['w/a/seed0/last.pth', 'w/b/seed1/last.pth'], ['a/seed0', 'b/seed1']),
        (['w/a.pth', 'w/x/a.pth'], ['a', 'x/a']),
        (['w/v1.5', 'w/v1.6'], ['v1.5', 'v1.6']),
        (['w/a/best.pth', './w/b/best.pth', '{here}/w/c/best.pth'], ['a', 'b', 'c']),
    ],
)
def test_run_names(paths, names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = run_names([path.format(here=tmp_path) for path in paths])
    assert [name.split('/')[-1] for name in found] == names if len(paths) == 1 else found == names


def test_a_checkpoint_twice():
    with pytest.raises(UserError, match=r'^checkpoint \./a\.pth: is given twice$'):
        run_names(['a.pth', 'b.pth', './a.pth'])


def read(*args):
    return read_runs(runs_parser('Does nothing.').parse_args(list(map(str, args))))


def test_one_run_and_several(tiny, tmp_path):
    config, (first, second) = tiny
    one = read(config, first, '--limit', 4)
    assert one.names == ('net1', 'net2', 'ensemble') and len(one.labels) == 4
    both = read(config, first, second, '--limit', 4, '--split', 'val')
    assert both.names[::3] == ('seed0/net1', 'seed1/net1')
    assert both.labels.tolist() != one.labels.tolist()
    against = read(config, first, '--limit', 4, '--against', config, second)
    assert against.names == both.names
    assert (against.logits[:3] == one.logits).all() and (against.logits[3:] != one.logits).any()


def test_changed_configs(tiny):
    config, (first, second) = tiny
    args = runs_parser('Does nothing.').parse_args([str(config), str(first), '--against', str(config), str(second)])

    def change(cfg):
        cfg.test_dataloader.dataset.indices = [7, 3]
        return cfg

    chosen, whole = read_runs(args, change=change), read_runs(args)
    assert chosen.labels.tolist() == whole.labels[[7, 3]].tolist()
    assert chosen.names == whole.names


def test_overlays(tiny, tmp_path):
    """Those of --with are the config's; another config has its own behind a +."""
    config, (first, second) = tiny
    few, fewer = tmp_path / 'few.py', tmp_path / 'fewer.py'
    few.write_text('test_dataloader = dict(dataset=dict(indices=5))\n')
    fewer.write_text('test_dataloader = dict(dataset=dict(indices=3))\n')
    assert len(read(config, first, '--with', few).labels) == 5
    both = read(config, first, '--with', few, fewer, '--against', f'{config}+{fewer}', second)
    assert len(both.labels) == 3 and both.names[::3] == ('seed0/net1', 'seed1/net1')
    with pytest.raises(UserError):  # not the same images
        read(config, first, '--with', few, '--against', config, second)


@pytest.mark.parametrize(
    ('arguments', 'name'),
    [
        ('a.py w/a/e1.pth', 'a_e1'),
        ('a.py w/seed0/e1.pth --split val', 'a_seed0_e1_val'),
        ('a.py w/a/e1.pth w/a/e2.pth --stage gen1', 'a_2_runs_gen1'),
        (
            'a.py w/a/e1.pth --against b.py+few.py w/b/e1.pth --against c.py w/1.pth w/2.pth',
            'a_e1_vs_b+few_b_e1_vs_c_2_runs',
        ),
    ],
)
def test_file_names(arguments, name):
    assert files_name(runs_parser('Does nothing.').parse_args(arguments.split())) == name


def test_long_file_names():
    against = [word for number in range(40) for word in ('--against', f'config{number}.py', 'run.pth')]
    assert len(files_name(runs_parser('Does nothing.').parse_args(['a.py', 'run.pth', *against]))) <= 130


def test_two_configs_to_one_folder_keep_their_files(tiny, run_tool, tmp_path, capfd):
    config, checkpoints = tiny
    other = tmp_path / config.name  # of the same name
    other.write_text(config.read_text())
    printed = []
    for one in (config, other, config):
        assert run_tool('subsets', one, checkpoints[0], '--limit', 4, '--out', tmp_path / 'out') == 0
        printed.append(capfd.readouterr().out.split()[-1])
    assert printed[0] == printed[2] != printed[1]
    assert len(list((tmp_path / 'out').iterdir())) == 4


def test_nodes_know_their_config(tiny, tmp_path):
    config, (first, second) = tiny
    other = tmp_path / 'other.py'
    other.write_text(config.read_text())
    both = read(config, first, '--limit', 4, '--against', other, second)
    assert both.configs == ('tiny',) * 3 + ('other',) * 3 and both.config_of('seed1/net1') == 'other'
    assert read(config, first, second, '--limit', 4).configs == ()


def test_mistakes(tiny):
    config, (first, second) = tiny
    with pytest.raises(UserError, match=r'^--limit must be at least 1, got 0$'):
        read(config, first, '--limit', 0)
    with pytest.raises(UserError, match=r'^--against .*tiny\.py: give the checkpoints of its runs after it$'):
        read(config, first, '--against', config)
    with pytest.raises(UserError, match='is given twice'):
        read(config, first, '--against', config, second, first)
    with pytest.raises(UserError, match=r'^config none\.py: no such file'):
        read(config, first, '--against', 'none.py', second)
