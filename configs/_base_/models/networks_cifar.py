# Networks for CIFAR-100: 3 x 32 x 32 pixels, 100 classes. networks_cifar10.py has them for CIFAR-10.
# A config takes one by its name: `network=_base_.resnet32`.


def _classifier(backbone, channels, num_classes=100):
    if backbone['type'].startswith('ABN'):
        backbone = dict(backbone, num_classes=num_classes)
    return dict(
        type='ImageClassifier',
        backbone=backbone,
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='LinearClsHead',
            num_classes=num_classes,
            in_channels=channels,
            loss=dict(type='CrossEntropyLoss'),
        ),
    )


resnet20 = _classifier(dict(type='CIFARResNet', depth=20), 64)
resnet32 = _classifier(dict(type='CIFARResNet', depth=32), 64)
resnet56 = _classifier(dict(type='CIFARResNet', depth=56), 64)
resnet110 = _classifier(dict(type='CIFARResNet', depth=110), 64)
wrn16_2 = _classifier(dict(type='CIFARWideResNet', depth=16, widen_factor=2), 128)
wrn16_4 = _classifier(dict(type='CIFARWideResNet', depth=16, widen_factor=4), 256)
wrn28_1 = _classifier(dict(type='CIFARWideResNet', depth=28, widen_factor=1), 64)
wrn28_2 = _classifier(dict(type='CIFARWideResNet', depth=28, widen_factor=2), 128)
wrn28_4 = _classifier(dict(type='CIFARWideResNet', depth=28, widen_factor=4), 256)
wrn28_5 = _classifier(dict(type='CIFARWideResNet', depth=28, widen_factor=5), 320)
wrn28_6 = _classifier(dict(type='CIFARWideResNet', depth=28, widen_factor=6), 384)
wrn28_8 = _classifier(dict(type='CIFARWideResNet', depth=28, widen_factor=8), 512)
wrn28_10 = _classifier(dict(type='CIFARWideResNet', depth=28, widen_factor=10), 640)
abn_resnet20 = _classifier(dict(type='ABNCIFARResNet', depth=20), 64)
densenet112_33 = _classifier(dict(type='CIFARDenseNet', depth=112, growth_rate=33), 528)
densenet90_60 = _classifier(dict(type='CIFARDenseNet', depth=90, growth_rate=60), 750)
densenet80_80 = _classifier(dict(type='CIFARDenseNet', depth=80, growth_rate=80), 860)
densenet80_120 = _classifier(dict(type='CIFARDenseNet', depth=80, growth_rate=120), 1290)
# Students of a DenseNet-90-60 with its stem and its hidden states: twice as deep, and without dense blocks.
densenet172_30 = _classifier(dict(type='CIFARDenseNet', depth=172, growth_rate=30, stem_channels=120), 750)
ban_wide_resnet1_1 = _classifier(dict(type='BornAgainResNet', units=1, ratio=1.0), 750)
