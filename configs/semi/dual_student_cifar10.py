# Dual Student (Ke et al., ICCV 2019) on CIFAR-10 with 4,000 labels, WRN-28-2.
# Batches and constants are those of the authors' code, which trains a 13-layer network for 300 epochs.
# Other numbers of labels: --cfg-options train_dataloader.dataset.num_labels=250
#   python tools/train.py configs/semi/dual_student_cifar10.py
_base_ = [
    '../_base_/graphs/dual_student.py',
    '../_base_/datasets/cifar10_semi_weak.py',
    '../_base_/models/networks_cifar10.py',
    '../_base_/schedules/sgd_1m_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(
    nodes=dict(net1=dict(network=_base_.wrn28_2), net2=dict(network=_base_.wrn28_2)),
)

train_dataloader = dict(
    batch_size=100, dataset=dict(labeled_as_unlabeled=False), sampler=dict(labeled=50, unlabeled=50)
)
optim_wrapper = dict(optimizer=dict(lr=0.1, weight_decay=1e-4))
