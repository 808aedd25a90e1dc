# Three small ResNets and their ensemble on handwritten digits; the graph is ours, made to show every common gate.
#   python tools/train.py configs/ktg/ens_3node_digits.py
_base_ = [
    '../_base_/datasets/digits.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_30e_digits.py',
    '../_base_/default_runtime.py',
]

label = dict(loss=dict(type='CrossEntropy'))

model = dict(
    type='KnowledgeTransferGraph',
    target='ensemble',
    nodes=dict(
        net1=dict(type='NetworkNode', network=_base_.resnet8),
        net2=dict(type='NetworkNode', network=_base_.resnet8),
        net3=dict(type='NetworkNode', network=_base_.wrn10_1),
        ensemble=dict(type='EnsembleNode', members=['net1', 'net2', 'net3']),
    ),
    edges={
        'label->net1': label,
        'label->net2': label,
        'label->net3': label,
        'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='LinearGate')),
        'net3->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate')),
        'net1->net2': dict(loss=dict(type='AttentionCosine'), gate=dict(type='CorrectGate')),
        'net3->net2': dict(loss=dict(type='KLDivergence'), gate=dict(type='CutoffGate')),
        'net1->net3': dict(loss=dict(type='KLDivergence'), gate=dict(type='ThroughGate')),
        'net2->net3': dict(loss=dict(type='ProbabilityCosine'), gate=dict(type='NegativeLinearGate')),
    },
)
default_hooks = dict(checkpoint=dict(save_best='ensemble/accuracy/top1'))
