# ReMixMatch (Berthelot et al., ICLR 2020) on CIFAR-10 with 4,000 labels, WRN-28-2.
# Other numbers of labels: --cfg-options train_dataloader.dataset.num_labels=250
# Batches have as many unlabelled images as labelled ones, as in the paper.
#   python tools/train.py configs/semi/remixmatch_cifar10.py
_base_ = [
    '../_base_/graphs/remixmatch.py',
    '../_base_/datasets/cifar10_semi_strong2.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_1m_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.wrn28_2), ema=dict(network=_base_.wrn28_2)),
)

train_dataloader = dict(batch_size=128, sampler=dict(labeled=64, unlabeled=64))
