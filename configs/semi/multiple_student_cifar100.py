# Multiple Student (Ke et al., ICCV 2019) on CIFAR-100 with 10,000 labels, WRN-28-2.
# Batches and constants are those of the authors' code, which trains a 13-layer network for 300 epochs.
# Other numbers of labels: --cfg-options train_dataloader.dataset.num_labels=400
#   python tools/train.py configs/semi/multiple_student_cifar100.py
_base_ = [
    '../_base_/graphs/multiple_student.py',
    '../_base_/datasets/cifar100_semi_weak.py',
    '../_base_/models/networks_cifar.py',
    '../_base_/schedules/sgd_1m_semi.py',
    '../_base_/default_runtime_iterations.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.wrn28_2),
        net2=dict(network=_base_.wrn28_2),
        net3=dict(network=_base_.wrn28_2),
        net4=dict(network=_base_.wrn28_2),
    ),
    edges={f'label->{name}': dict(weight=0.2422) for name in _base_._students}
    | {
        f'{one}->{other}': dict(weight=75.8, gate=dict(threshold=0.4))
        for one in _base_._students
        for other in _base_._students
        if one != other
    },
)

train_dataloader = dict(
    batch_size=128, dataset=dict(labeled_as_unlabeled=False), sampler=dict(labeled=31, unlabeled=97)
)
optim_wrapper = dict(optimizer=dict(lr=0.2, weight_decay=2e-4))
