# ReMixMatch (Berthelot et al., ICLR 2020) on CIFAR-100 with 10,000 labels, WRN-28-8.
# Published for WRN-28-2 (thesis, table 5.3): 73.82 +- 0.23 %; --with configs/_base_/networks/wrn28_2.py
# Other numbers of labels: --cfg-options train_dataloader.dataset.num_labels=400
# Batches have as many unlabelled images as labelled ones, as in the paper.
#   python tools/train.py configs/semi/remixmatch_cifar100.py
_base_ = [
    '../_base_/graphs/remixmatch.py',
    '../_base_/datasets/cifar100_semi_strong2.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_1m_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.wrn28_8), ema=dict(network=_base_.wrn28_8)),
)

train_dataloader = dict(batch_size=128, sampler=dict(labeled=64, unlabeled=64))
optim_wrapper = dict(optimizer=dict(weight_decay=1e-3))
