# An overlay: contrastive representation distillation (Tian, Krishnan and Isola, ICLR 2020) in place of what networks
# learn from one another. The weight is RepDistiller's. How many training images there are is known of our data sets;
# for others, a config that inherits this one says num_samples of its edges. A wrong number is refused before the
# training.
__sizes = dict(CIFAR10=50_000, CIFAR100=50_000, FashionMNISTFiles=60_000, Digits=1257)
__dataset = _base_.train_dataloader.dataset
__whole = __sizes.get(__dataset.get('of', __dataset.type), 50_000)
__num_samples = __dataset.get('train_size') or __whole - (__dataset.get('val_size') or 0)

model = dict(
    edges={
        key: dict(loss=dict(_delete_=True, type='CRD', num_samples=__num_samples), weight=0.8)
        for key, edge in _base_.model.edges.items()
        if 'loss' in edge and not key.startswith('label->')
    }
)
