"""Arguments that the tools share."""

import argparse
import os

import pytest

from ktg_mm.apis import add_runner_arguments, config_parser
from ktg_mm.apis.arguments import seed, share
from ktg_mm.errors import ConfigError, UserError


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


def parser():
    parser = config_parser('Does something.')
    add_runner_arguments(parser)
    parser.add_argument('--seed', type=seed)
    parser.add_argument('--resume', nargs='?', const=True, default=False)
    return parser


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        ('', 'the following arguments are required: config'),
        ('a.py b.py', 'unrecognized arguments: b.py'),
        ('a.py --sead 3', 'unrecognized arguments: --sead 3'),
        ('a.py --launcher torch', "argument --launcher: invalid choice: 'torch'"),
        ('a.py --seed', 'argument --seed: expected one argument'),
        ('a.py --seed x', "argument --seed: must be a whole number, from 0 to 4294967295, got 'x'"),
        ('a.py --seed -1', "argument --seed: must be a whole number, from 0 to 4294967295, got '-1'"),
        ('a.py --seed 4294967296', "argument --seed: must be a whole number, from 0 to 4294967295, got '4294967296'"),
        ('a.py --local-rank x', 'argument --local_rank/--local-rank: must be a whole number, at least 0'),
        ('a.py --work-dir=', 'argument --work-dir: must not be empty'),
        ('a.py --resume=', 'argument --resume: must not be empty'),
        ('a.py --cfg-options a.b=', '--cfg-options a.b: must be KEY=VALUE; for an empty text: \'a.b=""\''),
        ('a.py --cfg-options =3', "--cfg-options: must be KEY=VALUE, got '=3'"),
        ('a.py --cfg-options a.b=1 a.b=1', '--cfg-options a.b: is given twice'),
        ('a.py --cfg-options a.b=1 --cfg-options c=3 a.b=2', '--cfg-options a.b: is given twice'),
        ('a.py --cfg-options a.b=[1,2', '--cfg-options a.b: cannot be read: Imbalanced brackets'),
    ],
)
def test_mistakes_are_one_line(words, line):
    with pytest.raises(UserError) as caught:
        parser().parse_args(words.split())
    assert str(caught.value).startswith(line) and '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        (['a.py', '--work-dir', ''], 'argument --work-dir: must not be empty'),
        (['a.py', '--resume', ' '], 'argument --resume: must not be empty'),
        ([''], 'an argument is empty'),
        (['a.py', '--cfg-options', ''], 'argument --cfg-options: must not be empty'),
    ],
)
def test_variables_of_the_shell_that_are_not_set(words, line, monkeypatch):
    with pytest.raises(UserError, match=f'^{line}$'):
        parser().parse_args(words)
    monkeypatch.setattr('sys.argv', ['train.py', *words])
    with pytest.raises(UserError, match=f'^{line}$'):
        parser().parse_args()


def test_help_stays(capsys):
    with pytest.raises(SystemExit, match='0'):
        parser().parse_args(['--help'])
    assert capsys.readouterr().out.startswith('usage: ')


def test_options_that_are_right():
    assert parser().parse_args(['a.py', '--seed', str(2**32 - 1)]).seed == 2**32 - 1
    options = ['a.b=""', 'c=[(1,2),x]', 'd=e=f', 'g=None']
    read = parser().parse_args(['a.py', '--cfg-options', *options[:2], '--cfg-options', *options[2:]]).cfg_options
    assert read == {'a.b': '', 'c': [(1, 2), 'x'], 'd': 'e=f', 'g': None}


@pytest.mark.parametrize(('highest', 'text', 'number'), [(1, '0', 0), (1, '0.25', 0.25), (1, '1', 1), (None, '4', 4)])
def test_a_share(highest, text, number):
    assert share(highest)(text) == number


@pytest.mark.parametrize('highest', [1, None])
@pytest.mark.parametrize('text', ['-1', '-0.5', '1.5', 'nan', 'inf', 'half', ''])
def test_a_share_that_is_none(highest, text):
    wanted = 'a number from 0 to 1' if highest else '0, a fraction of one or a whole number'
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        share(highest)(text)
    assert str(caught.value) == f'must be {wanted}, got {text!r}'
