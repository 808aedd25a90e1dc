# BAN + L for three generations: as born_again.py, but each learns the label as well, with the same weight.
_base_ = ['born_again.py']

__edges = {'teacher->net': dict(loss=dict(type='KLDivergence', temperature=1.0))}
stages = [
    dict(stage, model=dict(nodes=stage.model.nodes, edges=__edges)) if 'model' in stage else stage
    for stage in _base_.stages
]
