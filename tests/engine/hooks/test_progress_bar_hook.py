import io
import re
import sys

import pytest

from ktg_mm.engine.hooks import progress_bar_hook


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Interruption:
    """Prints a line and raises an error at the sixth iteration."""

    def __init__(self, runner, error):
        self.runner, self.error, self.train_step = runner, error, runner.model.train_step
        runner.model.train_step = self

    def __call__(self, *args, **kwargs):
        if self.runner.iter == 5:
            print('sixth iteration')
            raise self.error
        return self.train_step(*args, **kwargs)


@pytest.fixture
def terminal(monkeypatch):
    """Makes a terminal of 200 columns both stdout and stderr; pytest takes these back between fixture and test."""
    for name, value in dict(TERM='xterm', COLUMNS='200', LINES='50').items():
        monkeypatch.setenv(name, value)
    for name in ('NO_COLOR', 'FORCE_COLOR', 'TTY_COMPATIBLE', 'TTY_INTERACTIVE'):
        monkeypatch.delenv(name, raising=False)

    def begin():
        screen = Terminal()
        monkeypatch.setattr(sys, 'stdout', screen)
        monkeypatch.setattr(sys, 'stderr', screen)
        return screen

    return begin


def lines_of(screen):
    """Everything that was written, without colours and movements of the cursor."""
    return re.split(r'[\r\n]+', re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', screen.getvalue()))


def bars_of(screen):
    return [line for line in lines_of(screen) if '━' in line]


def test_bar_of_a_run(tiny_runner, terminal):
    screen = terminal()
    tiny_runner().train()
    bars = bars_of(screen)
    assert re.fullmatch(r'epoch 1/2 ━{24} +0 % -:--:-- left *', bars[0])
    assert {bar[:9] for bar in bars} == {'epoch 1/2', 'epoch 2/2'}
    percents = [int(re.search(r'(\d+) %', bar)[1]) for bar in bars]
    assert percents == sorted(percents)
    assert re.fullmatch(r'epoch 2/2 ━{24} 100 % 0:00:00 left accuracy/top1 \d+\.\d\d *', bars[-1])


def test_metrics_are_the_targets(tiny_runner, terminal):
    screen = terminal()
    runner = tiny_runner({'model.target': 'net2', 'val_evaluator.metric.topk': (1, 5)})
    runner.train()
    top1, top5 = (runner.message_hub.get_scalar(f'val/net2/accuracy/{name}').current() for name in ('top1', 'top5'))
    assert bars_of(screen)[-1].rstrip().endswith(f'left accuracy/top1 {top1:.2f} accuracy/top5 {top5:.2f}')


def test_metrics_that_are_no_numbers_are_left_out(tiny_runner, terminal):
    screen = terminal()
    confusion = dict(_delete_=True, type='ConfusionMatrix')
    tiny_runner({'val_evaluator.metric': confusion, 'default_hooks.checkpoint.save_best': None}).train()
    assert bars_of(screen)[-1].rstrip().endswith('left')


def test_bar_after_a_resume_starts_at_the_right_place(tiny_runner, terminal):
    screen = terminal()
    tiny_runner({'train_cfg.max_epochs': 1}).train()
    screen.truncate(0)
    tiny_runner(resume=True, resume_changed=True).train()
    bars = bars_of(screen)
    assert re.match(r'epoch 2/2 ━*╺━* +50 % -:--:-- left', bars[0])
    assert '100 %' in bars[-1]


def test_bar_of_a_run_by_iterations(tiny_runner, terminal, iteration_config):
    screen = terminal()
    tiny_runner(iteration_config).train()
    bars = bars_of(screen)
    assert bars[0].startswith('iteration 0/6 ')
    assert bars[-1].startswith('iteration 6/6 ')
    assert 'left accuracy/top1' in bars[-1]


def test_log_lines_stay_whole(tiny_runner, terminal, tmp_path, monkeypatch):
    """Also where they are longer than the terminal is wide: they go on in a next line, before a metric."""
    screen = terminal()
    monkeypatch.setenv('COLUMNS', '70')
    tiny_runner().train()
    (log,) = (tmp_path / 'run').glob('20*/*.log')
    messages = [re.split('  +', message) for message in re.findall(r'(?<=- )epoch .*', log.read_text())]
    assert len(messages) == 2
    assert max(len('  '.join(message)) for message in messages) > 70
    printed, folded = [], False
    for line in lines_of(screen):
        if shown := re.match('epoch .* loss ', line):
            printed.append(re.split('  +', line.rstrip()))
        elif folded := line.startswith('    '):
            printed[-1] += re.split('  +', line.strip())
        if shown or folded:
            assert len(line.rstrip()) <= 70
    assert printed == messages


@pytest.mark.parametrize('error', [None, ValueError('wrong'), KeyboardInterrupt()])
def test_everything_is_as_before_when_training_ends(tiny_runner, terminal, error):
    screen = terminal()
    runner = tiny_runner()
    loop = runner.build_train_loop(runner._train_loop)
    runner._train_loop = loop
    if error is None:
        runner.train()
    else:
        Interruption(runner, error)
        with pytest.raises(type(error)):
            runner.train()
    assert bars_of(screen)
    assert sys.stdout is screen
    assert sys.stderr is screen
    assert runner.logger.handlers[0].stream is screen
    assert screen.getvalue().rindex('\x1b[?25h') > screen.getvalue().rindex('\x1b[?25l')  # the cursor is back
    assert screen.getvalue().endswith('\x1b[1A\x1b[2K')  # and the bar is gone
    length = len(screen.getvalue())
    runner.logger.info('the last word')
    print('and a print')
    assert screen.getvalue()[length:] == 'the last word\nand a print\n'


def test_the_log_goes_on_to_a_file_if_that_is_where_it_goes(tiny_runner, terminal, monkeypatch, tmp_path):
    screen = terminal()
    output = (tmp_path / 'out.txt').open('w')
    monkeypatch.setattr(sys, 'stdout', output)
    runner = tiny_runner()
    runner.logger.handlers[0].setStream(output)
    Interruption(runner, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        runner.train()
    output.close()
    text = (tmp_path / 'out.txt').read_text()
    assert 'epoch 1/2  loss' in text
    assert 'sixth iteration' in text
    assert '━' not in text
    assert bars_of(screen)
    assert 'epoch 1/2  loss' not in screen.getvalue()


@pytest.mark.parametrize('reason', ['no terminal', 'another process'])
def test_no_bar(tiny_runner, terminal, monkeypatch, reason):
    screen = terminal()
    if reason == 'no terminal':
        monkeypatch.setattr(Terminal, 'isatty', lambda self: False)
    else:
        monkeypatch.setattr(progress_bar_hook, 'is_main_process', lambda: False)
    tiny_runner().train()
    assert 'epoch 1/2  loss' in screen.getvalue()
    assert not bars_of(screen)
    assert '\x1b[?25' not in screen.getvalue()


def test_testing_and_training_again(tiny_runner, terminal):
    screen = terminal()
    runner = tiny_runner()
    runner.train()
    screen.truncate(0)
    runner.test()
    assert not bars_of(screen)
    runner.train_loop._max_epochs = 3
    runner.train()
    assert bars_of(screen)[-1].startswith('epoch 3/3')
