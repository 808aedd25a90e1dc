"""What a benchmark says of itself beforehand."""

from pathlib import Path

from ktg_mm.benchmark.listing import listed
from ktg_mm.benchmark.rows import read_rows


def test_listed(tmp_path: Path, plans):
    made = plans(read_rows('digits', ['independent', 'kd'], epochs=36000)[0], tmp_path)
    # 36,000 steps of 0.1 seconds are an hour.
    lines = listed(made, seeds=5).splitlines()
    assert [line.split('|')[1].strip() for line in lines[2:5]] == ['teacher', 'independent', 'kd']
    assert lines[4].split('|')[6].strip() == 'teacher' and lines[4].split('|')[-2].strip() == '5.00'
    assert lines[-1] == '15 runs, 15.0 hours of one process on this machine'
    # Two other temperatures, and the paper's, with one seed.
    assert listed(made, seeds=5, choose=True).endswith('18 runs, 18.0 hours of one process on this machine')
