import pytest

from ktg_mm.analysis.runs import read_runs, run_names, runs_parser
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
