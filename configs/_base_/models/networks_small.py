# Quick networks for a CPU: grey images of 8 to 32 pixels, 10 classes.
# A config takes one by its name: `network=_base_.resnet8`.


def _classifier(backbone, channels, num_classes=10):
    return dict(
        type='ImageClassifier',
        backbone=dict(backbone, in_channels=1),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='LinearClsHead',
            num_classes=num_classes,
            in_channels=channels,
            loss=dict(type='CrossEntropyLoss'),
        ),
    )


resnet8 = _classifier(dict(type='CIFARResNet', depth=8), 64)
resnet14 = _classifier(dict(type='CIFARResNet', depth=14), 64)
resnet20 = _classifier(dict(type='CIFARResNet', depth=20), 64)
wrn10_1 = _classifier(dict(type='CIFARWideResNet', depth=10, widen_factor=1), 64)
densenet16_8 = _classifier(dict(type='CIFARDenseNet', depth=16, growth_rate=8), 16)
ban_wide_resnet1_1 = _classifier(dict(type='BornAgainResNet', hidden_channels=(16, 16, 16), stem_channels=16), 16)
