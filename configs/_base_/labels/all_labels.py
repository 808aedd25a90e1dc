# An overlay for networks that learn from labels alone: all 50,000 training images of CIFAR have labels, and there are
# no others in a batch.
train_dataloader = dict(
    dataset=dict(num_labels=50_000), sampler=dict(labeled=_base_.train_dataloader.batch_size, unlabeled=0)
)
