# BAN + L (document 004, table 2): the next generation learns the label as well, with the same weight (ours: the notes
# name none).
_base_ = ['born_again.py']

__teacher = _base_.stages[1].model.nodes
__loss = dict(type='KLDivergence', temperature=1.0)
stages = [
    dict(name='gen0'),
    dict(name='gen1', model=dict(nodes=__teacher, edges={'teacher->net': dict(loss=__loss)})),
]
