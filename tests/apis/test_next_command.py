from ktg_mm.apis.next_command import next_command
from ktg_mm.shipped import shipped


def test_the_script_beside_the_one_that_runs(monkeypatch):
    tools = shipped('tools')
    monkeypatch.setattr('sys.argv', [str(tools / 'train.py'), 'a.py'])
    assert next_command('test', 'a.py') == f'python {tools / "test.py"} a.py'
    monkeypatch.chdir(tools.parent)
    monkeypatch.setattr('sys.argv', ['tools/train.py', 'a.py'])
    assert next_command('test', 'a.py', '1 2') == "python tools/test.py a.py '1 2'"


def test_the_command(monkeypatch):
    for name in ('ktg train', 'my_script.py'):
        monkeypatch.setattr('sys.argv', [name, 'a.py'])
        assert next_command('test', 'a.py') == 'ktg test a.py'


def test_a_script_that_the_command_has_started(monkeypatch):
    monkeypatch.setattr('sys.argv', [str(shipped('tools') / 'train.py'), 'a.py'])
    monkeypatch.setenv('KTG_COMMAND', 'ktg dist_train')
    assert next_command('test', 'a.py') == 'ktg test a.py'
