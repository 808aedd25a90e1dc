# Trial 41 of the study ktg_3node_fashion_mnist_3000.
# On the validation data of the search: net1/accuracy/top1 87.06.
#   python tools/train.py configs/ktg/ktg_3node_fashion_mnist_3000.py
_base_ = ['../dml/dml_3node_fashion_mnist_3000.py']

model = dict(
    _delete_=True,
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(
        net1=dict(type='NetworkNode', network=_base_.resnet8),
        net2=dict(type='NetworkNode', network=_base_.resnet8),
        net3=dict(type='NetworkNode', network=_base_.wrn10_1),
    ),
    edges={
        'label->net1': dict(loss=dict(type='CrossEntropy'), gate=dict(type='ThroughGate')),
        'label->net2': dict(loss=dict(type='CrossEntropy'), gate=dict(type='LinearGate')),
        'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='LinearGate')),
        'net1->net2': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'label->net3': dict(loss=dict(type='CrossEntropy'), gate=dict(type='LinearGate')),
        'net3->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='LinearGate')),
        'net3->net2': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net2->net3': dict(loss=dict(type='KLDivergence'), gate=dict(type='ThroughGate')),
    },
)
