# The graph that the thesis (ch. 5, fig. 5.10b) found in its space of diverse networks for CIFAR-100 with 10,000 labels:
# net2 has learnt the labels alone, and is a frozen teacher. net1, a ResNet-32, agrees with itself at first and learns
# net2's pseudo-labels at last.
# Published accuracy: 63.08 % (thesis, table 5.4, without a deviation).
# The figure cannot be read in our copy; the text says that net2 is frozen, and has a falling gate on the self edge and
# a growing one between the nodes. That the label's gate is Through, and that net2 is a WRN-28-6, is our choice, as is
# how the learning rate falls.
#   python tools/train.py configs/semi/graph_diverse_10000_cifar100.py
_base_ = ['graph_diverse_6000_cifar100.py']

train_dataloader = dict(dataset=dict(num_labels=10_000))
__model = _base_.model
stages = [
    dict(
        name='teacher',
        model=dict(
            _delete_=True,
            type=__model.type,
            target='net2',
            nodes=dict(net2=__model.nodes.net2),
            edges={'label->net2': __model.edges['label->net2']},
        ),
    ),
    dict(
        name='graph',
        model=dict(
            nodes=dict(net2=dict(_delete_=True, type='NetworkNode', stage=dict(name='teacher', node='net2'))),
            edges={
                '_delete_': True,
                'label->net1': __model.edges['label->net1'],
                'net1->net1': dict(__model.edges['net1->net1'], gate=dict(type='NegativeLinearGate')),
                'net2->net1': dict(
                    __model.edges['net2->net1'], loss=dict(type='PseudoLabel'), gate=dict(type='LinearGate')
                ),
            },
        ),
    ),
]
