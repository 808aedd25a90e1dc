"""Mistakes in stages: their list, what nodes take of earlier ones, folders of other runs, tools of one run."""

BAN = 'configs/born_again/ban_digits.py'
SHORT = """
train_cfg = dict(max_epochs=2)
param_scheduler = dict(end=2)
train_dataloader = dict(dataset=dict(indices=64))
"""
TAKEN = 'stages[1].model.nodes.teacher.stage'


def stages(lines, says, **case):
    """Another list of stages."""
    return dict(base=BAN, config=f'{SHORT}\nstages = {lines}', says=says, **case)


def second(entries, says, **case):
    """Other entries of the second of three stages."""
    return stages(f'[_base_.stages[0], dict(_base_.stages[1], {entries}), _base_.stages[2]]', says, **case)


def node(arguments, says=TAKEN, first='', **case):
    """Another node in the place of the second stage's teacher, and more in its first stage."""
    model = f"""dict(
        nodes=dict(teacher=dict({arguments})),
        edges={{'_delete_': True, 'teacher->net': dict(loss=dict(type='KLDivergence'))}},
    )"""
    return stages(f"[dict(name='gen0', {first}), dict(name='gen1', model={model}), dict(name='gen2')]", says, **case)


def taken(arguments, says=TAKEN, first='', **case):
    """Another ``stage`` of the second stage's teacher."""
    return node(f"type='NetworkNode', stage=dict({arguments})", says, first, **case)


def another_run(folder):
    """The folders of a run of this config whose second stage had another length."""
    import subprocess
    import sys
    from pathlib import Path

    tool = Path(__file__).resolve().parents[3] / 'tools/train.py'
    options = ['--cfg-options', 'stages.1.train_cfg.max_epochs=1', 'log_level=ERROR']
    command = [sys.executable, str(tool), str(folder / 'config.py'), '--work-dir', str(folder / 'work'), *options]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)


RESUME = ['{config}', '--work-dir', '{folder}/work', '--resume']
CASES = [
    # The list.
    stages('[]', 'stages: '),
    stages('None', 'stages: '),
    stages("'gen0'", 'stages: '),
    stages("['gen0', 'gen1']", 'stages[0]: '),
    stages('[dict()]', 'stages[0].name'),
    stages('[dict(name=0)]', 'stages[0].name'),
    stages("[dict(name='gen/0')]", 'stages[0].name'),
    stages("[dict(name='..')]", 'stages[0].name'),
    stages("[dict(name='earlier')]", 'stages[0].name'),
    stages("[dict(name='gen0'), dict(name='gen0')]", 'stages[1].name'),
    stages("[dict(name='gen0'), dict(name='Gen0')]", 'stages[1].name'),
    # What a stage says.
    second('max_epochs=3', 'stages[1].max_epochs'),
    second("work_dir='elsewhere'", 'stages[1].work_dir'),
    second('stages=[]', 'stages[1].stages'),
    second("custom_imports=dict(imports=['math'])", 'stages[1].custom_imports'),
    second("optim_wrapper=dict(optimizer=dict(lr='high'))", 'stages[1].optim_wrapper.optimizer.lr'),
    second("train_dataloader=dict(dataset=dict(data_root='nowhere'))", 'stages[1].train_dataloader.dataset.data_root'),
    second("data_preprocessor=dict(mean='grey')", 'stages[1].data_preprocessor.mean'),
    second('visualizer=dict(vis_backends=dict(a=dict()))', 'stages[1].visualizer: '),
    # Shown by the rehearsal of a run alone, which all stages have before the first one trains.
    second(
        "default_hooks=dict(checkpoint=dict(save_best='student/accuracy/top1'))",
        'stages[1].default_hooks.checkpoint.save_best',
    ),
    second('model=dict(nodes=None)', 'stages[1].model.nodes'),
    second("model=dict(nodes=dict(net='ResNet'))", 'stages[1].model.nodes.net'),
    second("model=dict(update=dict(type='PCGrad'))", 'stages[1].model.update'),
    second("model=dict(edges={'label->net': dict(loss=dict(type='Margin'))})", "stages[1].model.edges['label->net']"),
    second('train_dataloader=None', 'stages[1].train_dataloader'),
    second('randomness=dict(seed=-1)', 'stages[1].randomness.seed'),
    dict(
        base=BAN,
        config=f"{SHORT}\noptim_wrapper = dict(optimizer=dict(lr='high'))",
        says='error: optim_wrapper.optimizer.lr',
    ),
    dict(base=BAN, config=SHORT, options=['stages.5.train_cfg.max_epochs=3'], says='--cfg-options stages.5'),
    # What a node takes.
    taken("name='gen2', node='net'", f'{TAKEN}.name'),
    taken("name='gen1', node='net'", f'{TAKEN}.name'),
    taken("name='gen9', node='net'", f'{TAKEN}.name'),
    stages(
        "[dict(name='gen0', model=dict(nodes=dict(t=dict(type='NetworkNode', stage=dict(name='gen0', node='net')))))]",
        'stages[0].model.nodes.t.stage.name',
    ),
    taken("node='net'", f'{TAKEN}.name'),
    taken("name='gen0'", f'{TAKEN}.node'),
    taken("name=['gen0'], node='net'", f'{TAKEN}.name'),
    taken("name='gen0', node='net1'", f'{TAKEN}.node'),
    taken("name='gen0', node='label'", f'{TAKEN}.node'),
    taken(
        "name='gen0', node='both'",
        f'{TAKEN}.node',
        "model=dict(nodes=dict(both=dict(type='EnsembleNode', members=['net'])))",
    ),
    taken("name='gen0', node='net', iteration=3", TAKEN),
    node("type='NetworkNode', stage='gen0'"),
    node("type='NetworkNode', stage=dict(name='gen0', node='net'), network=_base_.model.nodes.net.network"),
    node("type='NetworkNode', stage=dict(name='gen0', node='net'), checkpoint='a.pth'"),
    node("type='NetworkNode', stage=dict(name='gen0', node='net'), prefix='nodes.net.network.'"),
    node("type='EnsembleNode', members=['net'], stage=dict(name='gen0', node='net')", 'stages[1].model.nodes.teacher'),
    # Its epoch.
    taken("name='gen0', node='net', epoch=0", f'{TAKEN}.epoch'),
    taken("name='gen0', node='net', epoch='last'", f'{TAKEN}.epoch'),
    taken("name='gen0', node='net', epoch=3", f'{TAKEN}.epoch'),
    taken("name='gen0', node='net', epoch=1", f'{TAKEN}.epoch'),
    taken("name='gen0', node='net', epoch=1", f'{TAKEN}.epoch', 'default_hooks=dict(checkpoint=dict(interval=2))'),
    taken("name='gen0', node='net'", f'{TAKEN}.name', 'default_hooks=dict(checkpoint=None)'),
    taken("name='gen0', node='net'", f'{TAKEN}.name', "default_hooks=dict(checkpoint=dict(out_dir='elsewhere'))"),
    taken(
        "name='gen0', node='net'", f'{TAKEN}.name', 'default_hooks=dict(checkpoint=dict(save_last=False, interval=3))'
    ),
    # Classes.
    second('data_preprocessor=dict(num_classes=9)', 'model.nodes.net.network.head.num_classes'),
    taken(
        "name='gen0', node='net'",
        TAKEN,
        'data_preprocessor=dict(num_classes=9), '
        'model=dict(nodes=dict(net=dict(network=dict(head=dict(num_classes=9)))))',
    ),
    # Without stages.
    dict(
        config="model = dict(nodes=dict(net1=dict(_delete_=True, type='NetworkNode', stage=dict(name='a', node='b'))))",
        says='model.nodes.net1.stage',
    ),
    # Folders and checkpoints.
    stages(
        '_base_.stages', 'gen1/epoch_1.pth: train_cfg.max_epochs: 1 -> 2', args=RESUME, setup=another_run, data=True
    ),
    stages('_base_.stages', '--resume', args=[*RESUME, '{folder}/epoch_1.pth']),
    stages(
        '_base_.stages',
        '--load-from',
        args=['{config}', '--work-dir', '{folder}/work', '--load-from', 'a', *RESUME[3:], 'b'],
    ),
    # A stage of a tool.
    dict(base=BAN, tool='draw_graph', args=['{config}', '--stage', 'gen3'], says='--stage: no stage is named'),
    dict(tool='draw_graph', args=['{config}', '--stage', 'gen0'], says='--stage: the config has no stages'),
    dict(base=BAN, tool='test', args=['{config}', 'a.pth', '--stage', 'gen3'], says='--stage: no stage is named'),
]
