import argparse

from ktg_mm.search.study.arguments import add_study_arguments


def test_arguments_of_the_command_line():
    parser = argparse.ArgumentParser()
    add_study_arguments(parser)
    args = parser.parse_args(['--work-dir', 'a', '--storage', 'journal://b', '--study', 'c'])
    assert (args.work_dir, args.storage, args.study) == ('a', 'journal://b', 'c')
    parser = argparse.ArgumentParser()
    parser.add_argument('--work-dir', default='mine')
    add_study_arguments(parser, work_dir=False)
    assert vars(parser.parse_args([])) == dict(work_dir='mine', storage=None, study=None)
