# ReMixMatch (Berthelot et al., ICLR 2020) on Fashion-MNIST with 250 labels, for a CPU.
# Batches have as many unlabelled images as labelled ones, as in the paper.
#   python tools/train.py configs/semi/remixmatch_fashion_mnist_250.py
_base_ = [
    '../_base_/graphs/remixmatch.py',
    '../_base_/datasets/fashion_mnist_semi_strong2.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_1500it_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.resnet8), ema=dict(network=_base_.resnet8)),
    edges={'net1->ema': dict(decay=0.99)},
)

train_dataloader = dict(batch_size=32, sampler=dict(labeled=16, unlabeled=16))
