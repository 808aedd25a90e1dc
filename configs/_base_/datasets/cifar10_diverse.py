# CIFAR-10 with 4,000 labels in batches of 50 labelled and 50 unlabelled samples (thesis, ch. 5, the space of diverse
# networks). An epoch is a pass over the unlabelled images.
_base_ = ['cifar10_semi_weak.py']

train_dataloader = dict(
    batch_size=100,
    num_workers=2,
    dataset=dict(labeled_as_unlabeled=False),
    sampler=dict(labeled=50, unlabeled=50, infinite=False),
)
