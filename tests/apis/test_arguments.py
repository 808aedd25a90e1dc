"""Arguments that the tools share."""

import os

import pytest

from ktg_mm.apis import add_runner_arguments, config_parser
from ktg_mm.errors import ConfigError


def test_options_of_a_config():
    args = config_parser('Does something.').parse_args(
        ['a.py', '--cfg-options', 'train_cfg.max_epochs=2', 'model.edges.net1->net2.gate.type=LinearGate']
    )
    assert args.cfg_options == {'train_cfg.max_epochs': 2, 'model.edges.net1->net2.gate.type': 'LinearGate'}
    assert args.overlays == []


def test_overlays():
    args = config_parser('Does something.').parse_args(['a.py', '--with', 'b.py', 'c.py', '--cfg-options', 'd.e=2'])
    assert (args.config, args.overlays, args.cfg_options) == ('a.py', ['b.py', 'c.py'], {'d.e': 2})
    help_text = ' '.join(config_parser('').format_help().split())
    assert 'of two that set the same value the last wins' in help_text


def test_overlays_said_in_turn_add_up():
    parser = config_parser('')
    assert parser.parse_args(['a.py', '--with', 'b.py', '--with', 'c.py', 'd.py']).overlays == ['b.py', 'c.py', 'd.py']
    assert parser.parse_args(['a.py']).overlays == []


def test_an_option_without_a_value_is_refused():
    with pytest.raises(ConfigError, match=r"--cfg-options: must be KEY=VALUE, got 'train_cfg\.max_epochs'"):
        config_parser('').parse_args(['a.py', '--cfg-options', 'train_cfg.max_epochs'])


@pytest.mark.parametrize('already_set', [None, '0'])
def test_local_rank(monkeypatch, already_set):
    monkeypatch.delenv('LOCAL_RANK', raising=False)
    if already_set:
        monkeypatch.setenv('LOCAL_RANK', already_set)
    parser = config_parser('')
    add_runner_arguments(parser)
    args = parser.parse_args(['a.py', '--local-rank', '3', '--launcher', 'pytorch', '--work-dir', 'here'])
    assert os.environ['LOCAL_RANK'] == (already_set or '3')
    assert (args.launcher, args.work_dir) == ('pytorch', 'here')
    monkeypatch.delenv('LOCAL_RANK')
