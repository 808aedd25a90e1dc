# DKPP, dark knowledge with permuted predictions (document 004, eq. 11): the next generation learns from its teacher
# alone, whose wrong classes are permuted anew for each image at each step.
_base_ = ['born_again.py']

__teacher = _base_.stages[1].model.nodes
__edges = {'_delete_': True, 'teacher->net': dict(loss=dict(type='DKPP'))}
stages = [
    dict(name='gen0'),
    dict(name='gen1', model=dict(nodes=__teacher, edges=__edges)),
]
