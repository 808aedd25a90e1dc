# CRMatch (Fan, Kukleva, Dai and Schiele, GCPR 2021) on Fashion-MNIST with 250 labels, for a CPU.
#   python tools/train.py configs/semi/crmatch_fashion_mnist_250.py
_base_ = [
    '../_base_/graphs/crmatch.py',
    '../_base_/datasets/fashion_mnist_semi.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_1500it_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.resnet8), ema=dict(network=_base_.resnet8)),
    edges={
        'net1->ema': dict(decay=0.99),
        'net1->net1': dict(loss=[dict(type='PseudoLabel'), dict(type='FeatureCosine', size=4)]),
    },
)
