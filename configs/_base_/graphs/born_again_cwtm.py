# CWTM, confidence weighted by teacher max (document 004, eq. 10): the next generation learns the label alone, those
# samples more of which its teacher is surer.
_base_ = ['born_again.py']

__teacher = _base_.stages[1].model.nodes
__edges = {'_delete_': True, 'teacher->net': dict(loss=dict(type='CWTM'))}
stages = [
    dict(name='gen0'),
    dict(name='gen1', model=dict(nodes=__teacher, edges=__edges)),
]
