"""Mistakes in networks, which show when they are built or run."""

_NET = 'model.nodes.net1.network'


def _beginning(init_cfg: str, says: str):
    return dict(config=f'model = dict(nodes=dict(net1=dict(network=dict(init_cfg={init_cfg}))))', says=says)


def _backbone(arguments: str, says: str):
    network = f'dict(backbone=dict(_delete_=True, in_channels=1, {arguments}))'
    return dict(config=f'model = dict(nodes=dict(net1=dict(network={network})))', says=f'{_NET}.backbone{says}')


CASES = [
    # heads and necks that do not fit
    dict(options=[f'{_NET}.head.in_channels=32'], says=f'{_NET}.head: in_channels is 32, but what comes in has 64'),
    dict(options=['model.nodes.net3.network.head.in_channels=10'], says='model.nodes.net3.network.head: in_channels'),
    dict(options=[f'{_NET}.neck=None'], says=f'{_NET}.head: is given maps of'),
    dict(config='model = dict(nodes=dict(net2=dict(network=dict(neck=None))))', says='model.nodes.net2.network.head'),
    dict(options=[f'{_NET}.head=None'], says=_NET),
    dict(options=[f'{_NET}.head.type=ClsHead'], says=_NET),
    dict(options=[f'{_NET}.head.type=LinearHead'], says=_NET),
    dict(options=[f'{_NET}.head.in_channels=-64'], says=_NET),
    dict(options=[f'{_NET}.head.in_channels=sixteen'], says=_NET),
    dict(options=[f'{_NET}.head.num_classes=0'], says=_NET),
    dict(options=[f'{_NET}.head.num_classes=ten'], says=_NET),
    dict(options=[f'{_NET}.head.loss.type=CrossEntropy'], says=_NET),
    dict(options=[f'{_NET}.neck.type=GlobalAvgPooling'], says=_NET),
    dict(options=[f'{_NET}.neck.dim=3'], says=_NET),
    dict(
        config="model = dict(nodes=dict(net1=dict(network=dict(neck=[dict(type='GlobalAveragePooling')] * 2))))",
        says=_NET,
    ),
    # backbones
    dict(options=[f'{_NET}.backbone=None'], says=_NET),
    dict(options=[f'{_NET}.backbone.depth=9'], says=_NET),
    dict(options=[f'{_NET}.backbone.depth=eight'], says=_NET),
    dict(options=[f'{_NET}.backbone.in_channels=3'], says=f'{_NET}.backbone: a layer takes 3 channels'),
    dict(options=['model.nodes.net3.network.backbone.in_channels=2'], says='model.nodes.net3.network.backbone'),
    dict(options=[f'{_NET}.backbone.in_channels=-1'], says=_NET),
    dict(options=[f'{_NET}.backbone.base_channels=8'], says=_NET),
    dict(options=[f'{_NET}.backbone.base_channels=4.5'], says=_NET),
    dict(options=[f'{_NET}.backbone.out_indices=[7]'], says=_NET),
    dict(options=[f'{_NET}.backbone.num_stages=9'], says=_NET),
    dict(options=[f'{_NET}.backbone.strides=[1]'], says=_NET),
    dict(options=[f'{_NET}.backbone.norm_cfg.type=BatchNorm'], says=_NET),
    dict(options=[f'{_NET}.backbone.norm_cfg.type=GN', f'{_NET}.backbone.norm_cfg.num_groups=7'], says=_NET),
    dict(options=[f'{_NET}.backbone.norm_cfg.type=GN'], says=_NET),
    dict(options=[f'{_NET}.backbone.act_cfg.type=relu'], says=_NET),
    dict(options=[f'{_NET}.backbone.frozen_stages=9'], says=_NET),
    dict(options=[f'{_NET}.backbone.stem=5x5'], says=f'{_NET}.backbone.stem'),
    dict(options=['model.nodes.net3.network.backbone.stem=7'], says='model.nodes.net3.network.backbone.stem'),
    _backbone("type='CIFARDenseNet', depth=16, growth_rate=8, last_transition='no'", '.last_transition'),
    _backbone(
        "type='CIFARDenseNet', depth=16, growth_rate=8, last_transition=False, hidden_channels=[8, 8, 8]",
        '.hidden_channels: are three; leave them out',
    ),
    _backbone("type='CIFARPreActResNet', depth=100", '.depth: 100 is not 9n+2'),
    _backbone("type='CIFARResNeXt', depth=29", '.depth: 29 is not one of 50, 101, 152'),
    _backbone("type='CIFARResNeXt', groups=0", '.groups'),
    _backbone("type='CIFARShuffleNetV2', widen_factor=3", '.widen_factor: 3 is not one of'),
    _backbone("type='CIFARXception', widen_factor=0.01", '.widen_factor: 0.01 of 32 channels is none'),
    _backbone("type='CIFARXception', out_indices=[3]", '.out_indices'),
    dict(options=['model.nodes.net3.network.backbone.depth=11'], says='model.nodes.net3'),
    dict(options=['model.nodes.net3.network.backbone.widen_factor=0'], says='model.nodes.net3'),
    dict(options=['model.nodes.net3.network.backbone.widen_factor=two'], says='model.nodes.net3'),
    dict(
        config='model = dict(nodes=dict(net1=dict(network=dict('
        "backbone=dict(_delete_=True, type='ResNet', depth=18)))))",
        says=f'{_NET}.backbone',
    ),
    dict(
        config='model = dict(nodes=dict(net1=dict(network=dict('
        "backbone=dict(_delete_=True, type='LeNet5'), neck=None))))",
        says=_NET,
    ),
    dict(
        config="model = dict(nodes=dict(net1=dict(network=dict(backbone=dict(_delete_=True, type='VisionTransformer', "
        'arch="tiny", img_size=32, patch_size=4)))))',
        says=_NET,
    ),
    dict(
        config="model = dict(nodes=dict(net1=dict(network=dict(backbone=dict(_delete_=True, type='TIMMBackbone', "
        "model_name='resnet18')))))",
        says=_NET,
    ),
    # networks that are none
    dict(options=[f'{_NET}.type=Classifier'], says=_NET),
    dict(options=[f'{_NET}=resnet18'], says=_NET),
    dict(options=[f'{_NET}=None'], says=_NET),
    dict(config='model = dict(nodes=dict(net1=dict(network=dict(_delete_=True))))', says=_NET),
    dict(options=[f'{_NET}.init_cfg.type=Kaimin'], says='init_cfg'),
    dict(
        config="model = dict(_delete_=True, type='ImageClassifier', backbone=dict(type='CIFARResNet', depth=8))",
        says='model.type: must be KnowledgeTransferGraph, got ImageClassifier; a single network is a graph of one node',
    ),
    dict(config="model = dict(_delete_=True, type='CIFARResNet', depth=8)", says='model'),
    dict(options=['model.type=NetworkNode'], says='model.type'),
    dict(options=['model.type=KnowledgeTransferGraphs'], says='model.type'),
    dict(options=['model=None'], says='model'),
    # attention and crops that do not fit the maps
    dict(options=['model.edges.net1->net2.loss.sizes=[3]'], says="model.edges['net1->net2'].loss"),
    dict(options=['model.nodes.net1.attention_layer=head'], says='model'),
    dict(options=['model.nodes.net2.attention_layer=neck', 'model.nodes.net1.attention_layer=neck'], says='model'),
    dict(options=['model.nodes.net1.attention_layer=backbone.conv'], says='model.nodes.net1.attention_layer'),
    # the optimiser, on the networks
    dict(options=['optim_wrapper.clip_grad.max_norm=one'], says='optim_wrapper'),
    dict(options=['optim_wrapper.clip_grad.max_nrom=1'], says='optim_wrapper'),
    dict(options=['optim_wrapper.clip_grad.clip=1'], says='optim_wrapper'),
    dict(options=['optim_wrapper.clip_grad.type=size'], says='optim_wrapper.clip_grad'),
    dict(options=['optim_wrapper.clip_grad=5'], says='optim_wrapper.clip_grad'),
    dict(config='optim_wrapper = dict(clip_grad=dict())', says='optim_wrapper.clip_grad'),
    dict(options=['optim_wrapper.clip_grad.type=value', 'optim_wrapper.clip_grad.max_norm=1'], says='optim_wrapper'),
    dict(options=['optim_wrapper.clip_grad.max_norm=1', 'optim_wrapper.clip_grad.norm_type=two'], says='optim_wrapper'),
    dict(options=['optim_wrapper.accumulative_counts=0'], says='optim_wrapper.accumulative_counts'),
    dict(options=['optim_wrapper.accumulative_counts=two'], says='optim_wrapper'),
    dict(
        options=['model.update.type=PCGradUpdate', 'optim_wrapper.accumulative_counts=2'],
        says='optim_wrapper.accumulative_counts: must be 1',
    ),
    dict(
        options=['model.update.type=SequentialUpdate', 'optim_wrapper.accumulative_counts=2'],
        says='optim_wrapper.accumulative_counts: must be 1',
    ),
    dict(options=['optim_wrapper.type=AmpOptimWrapper'], says='optim_wrapper'),
    dict(options=['optim_wrapper.type=ApexOptimWrapper'], says='optim_wrapper'),
    dict(options=['optim_wrapper.optimizer.lr=high'], says='optim_wrapper.optimizer'),
    dict(options=['optim_wrapper.optimizer.lr=-0.1'], says='optim_wrapper.optimizer'),
    dict(options=['optim_wrapper.optimizer.lr=[0.1]'], says='optim_wrapper.optimizer'),
    dict(options=['optim_wrapper.optimizer.momentum=-1'], says='optim_wrapper.optimizer'),
    dict(options=['optim_wrapper.optimizer.momentum=0'], says='optim_wrapper.optimizer'),  # with nesterov
    dict(options=['optim_wrapper.optimizer.weight_decay=-1'], says='optim_wrapper.optimizer'),
    dict(options=['optim_wrapper.optimizer.weight_decay=none'], says='optim_wrapper.optimizer'),
    dict(options=['optim_wrapper.optimizer.dampening=0.1'], says='optim_wrapper.optimizer'),  # with nesterov
    dict(options=['optim_wrapper.optimizer.foreach=True', 'optim_wrapper.optimizer.fused=True'], says='optim_wrapper'),
    dict(
        config="optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=0.1, betas=0.9))",
        says='optim_wrapper.optimizer',
    ),
    dict(
        config="optim_wrapper = dict(optimizer=dict(_delete_=True, type='Adam', lr=0.1, betas=(0.9, 1.5)))",
        says='optim_wrapper.optimizer',
    ),
    dict(
        config="optim_wrapper = dict(optimizer=dict(_delete_=True, type='LBFGS', lr=0.1))",
        says='optim_wrapper.optimizer',
    ),
    dict(config='optim_wrapper = dict(optimizer=None)', says='optim_wrapper.optimizer'),
    dict(options=['optim_wrapper.paramwise_cfg.nodes.net1.lr=high'], says='optim_wrapper'),
    dict(options=['optim_wrapper.paramwise_cfg.nodes.net1=0.1'], says='optim_wrapper'),
    dict(options=['optim_wrapper.paramwise_cfg.nodes=net1'], says='optim_wrapper.paramwise_cfg'),
    dict(options=['optim_wrapper.constructor=NodeOptimWrapper'], says='optim_wrapper'),
    dict(options=['auto_scale_lr.enable=True'], says='auto_scale_lr'),
    dict(options=['auto_scale_lr.enable=True', 'auto_scale_lr.base_batch_size=0'], says='auto_scale_lr'),
    dict(options=['auto_scale_lr.enable=True', 'auto_scale_lr.base_batch_size=all'], says='auto_scale_lr'),
    _beginning("dict(type='Kaiming', layer='Conv2d', mode='fan')", 'model.nodes.net1.network.init_cfg'),
    _beginning("dict(type='Normal', std=-0.1, layer='Linear')", 'model.nodes.net1.network.init_cfg'),
    _beginning("dict(type='Constant', val=0, layer='Conv2D')", 'model.nodes.net1.network.init_cfg.layer'),
    dict(options=['model.nodes.net1.network.neck.dim=4'], says='model.nodes.net1.network.neck.dim'),
]
