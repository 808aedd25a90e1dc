from ktg_mm.text_table import text_table


def test_long_names_and_brackets_are_written_out():
    name = 'x' * 300
    lines = text_table([dict(node=name, value='1.0'), dict(node='[red]', value='10.0')]).splitlines()
    assert lines[2] == f'| {name} |   1.0 |'
    assert lines[3].startswith('| [red] ')
