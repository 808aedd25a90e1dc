# An overlay of a search: the graphs that people know first, regularised evolution without stopping, and a race of the
# best against the best known one. Sizes of the race follow search.trials.
#   python tools/search.py configs/search/ktg_3node_digits.py --with configs/_base_/spaces/raced.py
search = dict(enqueue=['independent', 'dml', 'correct'], sampler=None, hook=None, race=dict())
