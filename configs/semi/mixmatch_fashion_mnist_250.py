# MixMatch (Berthelot et al., NeurIPS 2019) on Fashion-MNIST with 250 labels, for a CPU.
#   python tools/train.py configs/semi/mixmatch_fashion_mnist_250.py
_base_ = [
    '../_base_/graphs/mixmatch.py',
    '../_base_/datasets/fashion_mnist_semi_weak.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_1500it_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.resnet8), ema=dict(network=_base_.resnet8)),
    edges={'net1->ema': dict(decay=0.99)},
)

train_dataloader = dict(batch_size=32, sampler=dict(labeled=16, unlabeled=16))
