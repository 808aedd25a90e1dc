# CIFAR-100 with 6,000 labels in batches of 31 labelled and 97 unlabelled samples (thesis, ch. 5, the space of diverse
# networks). An epoch is a pass over the unlabelled images.
_base_ = ['cifar100_semi_weak.py']

train_dataloader = dict(
    batch_size=128,
    num_workers=2,
    dataset=dict(num_labels=6000, labeled_as_unlabeled=False),
    sampler=dict(labeled=31, unlabeled=97, infinite=False),
)
