# Trial 4 of the study ktg_3node_temperatures_fashion_mnist_3000.
# On the validation data of the search: net1/accuracy/top1 87.72.
#   python tools/train.py configs/ktg/ktg_3node_temperatures_fashion_mnist_3000.py
_base_ = ['../dml/dml_3node_fashion_mnist_3000.py']

model = dict(
    _delete_=True,
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(
        net1=dict(type='NetworkNode', network=_base_.resnet8),
        net2=dict(type='NetworkNode', network=_base_.resnet8),
        net3=dict(type='NetworkNode', network=_base_.resnet8),
    ),
    edges={
        'label->net1': dict(loss=dict(type='CrossEntropy'), gate=dict(type='ThroughGate')),
        'label->net2': dict(loss=dict(type='CrossEntropy'), gate=dict(type='CorrectGate')),
        'net2->net1': dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='LinearGate')),
        'net1->net2': dict(loss=dict(type='KLDivergence', temperature=1.0), gate=dict(type='CorrectGate')),
        'label->net3': dict(loss=dict(type='CrossEntropy'), gate=dict(type='LinearGate')),
        'net3->net1': dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='ThroughGate')),
        'net1->net3': dict(loss=dict(type='KLDivergence', temperature=2.0), gate=dict(type='CorrectGate')),
        'net3->net2': dict(loss=dict(type='KLDivergence', temperature=4.0), gate=dict(type='CorrectGate')),
        'net2->net3': dict(loss=dict(type='KLDivergence', temperature=1.0), gate=dict(type='CorrectGate')),
    },
)
