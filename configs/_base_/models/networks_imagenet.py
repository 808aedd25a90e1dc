# Networks for 3 x 224 x 224 pixels and the 120 classes of Stanford Dogs.
# A config takes one by its name: `network=_base_.resnet18`. Another number of classes takes a file like
# networks_cifar10.py.


def _classifier(backbone, channels, num_classes=120):
    if backbone['type'].startswith('ABN'):
        backbone = dict(backbone, num_classes=num_classes)
    return dict(
        type='ImageClassifier',
        backbone=dict(backbone, zero_init_residual=False),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='LinearClsHead',
            num_classes=num_classes,
            in_channels=channels,
            loss=dict(type='CrossEntropyLoss'),
        ),
    )


resnet18 = _classifier(dict(type='ResNet', depth=18), 512)
resnet34 = _classifier(dict(type='ResNet', depth=34), 512)
resnet50 = _classifier(dict(type='ResNet', depth=50), 2048)
abn_resnet18 = _classifier(dict(type='ABNResNet', depth=18), 512)
