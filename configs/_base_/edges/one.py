# An overlay over AFD: ONE (Lan, Zhu and Gong, NeurIPS 2018) of its networks, which must be alike, as document 002
# compares with it (tables 3 and 5): a gate on their trunk weighs them, their weighted logits learn the label and teach
# every one at T = 3, growing over the first 80 of 300 epochs. The trunk is that of ../graphs/branches.py, our choice;
# the document does not say where ONE's branches part. Its ensemble is `teacher`.
_base_ = ['../updates/one_optimizer.py']

__nets = [name for name, node in _base_.model.nodes.items() if node.type == 'NetworkNode']
__kl = dict(loss=dict(type='KLDivergence', temperature=3.0), gate=dict(type='RampUpGate', length=80 / 300))

model = dict(
    nodes=dict(
        {name: dict(share=dict(node=__nets[0], until='backbone.layer1')) for name in __nets[1:]},
        teacher=dict(type='GatedEnsembleNode', members=__nets, layer='backbone.layer1'),
    ),
    edges={
        '_delete_': True,
        **{f'label->{name}': dict(loss=dict(type='CrossEntropy')) for name in (*__nets, 'teacher')},
        **{f'teacher->{name}': __kl for name in __nets},
    },
)
