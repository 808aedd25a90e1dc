"""Mistakes at the top of a config file, and in how files inherit."""

from pathlib import Path

DIGITS = Path(__file__).parents[3] / 'configs/ktg/ens_3node_digits.py'


def write(name: str, text: str):
    """A function that writes a file beside the config."""
    return lambda folder: (folder / name).write_text(text.replace('BASE', str(DIGITS)))


def _file(name: str, text: str, says: str, **more):
    """A config of another name, ``{folder}/NAME``."""
    args = [f'{{folder}}/{name}', '--work-dir', '{folder}/work']
    return dict(setup=write(name, text), args=args, says=says, **more)


CASES = [
    # Typing errors of what the Runner reads.
    dict(config='train_cgf = dict(max_epochs=1)', says='train_cgf: nothing reads it'),
    dict(config="load_form = 'weights.pth'", says="load_form: nothing reads it; did you mean 'load_from'?"),
    dict(config='resum = True', says="resum: nothing reads it; did you mean 'resume'?"),
    dict(config="workdir = 'here'", says='workdir: '),
    dict(config='default_hook = dict(logger=dict(interval=1))', says='default_hook: '),
    dict(config="custom_hook = [dict(type='EMAHook')]", says='custom_hook: '),
    dict(config='optim_wraper = dict(optimizer=dict(lr=1.0))', says='optim_wraper: '),
    dict(config='param_schedular = dict(end=5)', says='param_schedular: '),
    dict(config="val_evaluater = dict(type='Accuracy')", says='val_evaluater: '),
    dict(config='train_dataLoader = dict(batch_size=8)', says='train_dataLoader: '),
    dict(config='data_preproccessor = dict(num_classes=10)', says='data_preproccessor: '),
    dict(config='randomnes = dict(seed=3)', says='randomnes: '),
    dict(config='env_config = dict(cudnn_benchmark=False)', says='env_config: '),
    dict(config='Model = dict(target=1)', says='Model: '),
    dict(config="visualiser = dict(type='UniversalVisualizer')", says='visualiser: '),
    dict(config="log_levle = 'DEBUG'", says='log_levle: '),
    dict(config='auto_scale = dict(enable=True, base_batch_size=64)', says='auto_scale: '),
    # What other versions or tools read at the top.
    dict(config="optimizer = dict(type='SGD', lr=0.5)", says='optimizer: nothing reads it'),
    dict(config="lr_config = dict(policy='step', step=[10])", says='lr_config: nothing reads it'),
    dict(config='checkpoint_config = dict(interval=1)', says='checkpoint_config: nothing reads it'),
    dict(config='log_config = dict(interval=10)', says='log_config: nothing reads it'),
    dict(config="evaluation = dict(interval=1, metric='accuracy')", says='evaluation: nothing reads it'),
    dict(config='data = dict(samples_per_gpu=16)', says='data: nothing reads it'),
    dict(config='total_epochs = 5', says='total_epochs: nothing reads it'),
    dict(config="runner = dict(type='EpochBasedRunner', max_epochs=5)", says='runner: nothing reads it'),
    dict(config='gpu_ids = [0]', says='gpu_ids: nothing reads it'),
    dict(config="workflow = [('train', 1)]", says='workflow: nothing reads it'),
    # What belongs deeper.
    dict(config='seed = 3', says="seed: nothing reads it at the top of a config; did you mean 'randomness.seed'?"),
    dict(config='max_epochs = 2', says='train_cfg.max_epochs'),
    dict(config='batch_size = 16', says='train_dataloader.batch_size'),
    dict(config='lr = 0.5', says='optim_wrapper.optimizer.lr'),
    dict(config='num_classes = 10', says='num_classes: nothing reads it'),
    dict(config="nodes = dict(net1=dict(type='NetworkNode'))", says="did you mean 'model.nodes'?"),
    dict(config="target = 'net1'", says="did you mean 'model.target'?"),
    dict(config="edges = {'label->net1': dict()}", says="did you mean 'model.edges'?"),
    dict(config='num_workers = 4', says='num_workers: nothing reads it'),
    dict(config='cudnn_benchmark = False', says='env_cfg.cudnn_benchmark'),
    dict(config='deterministic = True', says='deterministic: nothing reads it'),
    dict(config='amp = True', says='amp: nothing reads it'),
    dict(config='find_unused_parameters = True', says='model_wrapper_cfg.find_unused_parameters'),
    # Helpers that come too late, or that nothing reads.
    dict(
        config="train_pipeline = [dict(type='PackInputs')]",
        says='train_pipeline: nothing reads it: the inherited train_dataloader has taken the value of _base_ already; '
        'set train_dataloader.dataset.pipeline',
    ),
    dict(config="test_pipeline = [dict(type='PackInputs')]", says='test_pipeline: nothing reads it: the inherited'),
    dict(config='train_pipeline = [*_base_.train_pipeline]', says='train_pipeline: nothing reads it'),
    dict(config="resnet8 = dict(type='ImageClassifier')", says='resnet8: nothing reads it'),
    dict(config='learning_rate = 0.1\nlearning_rate = learning_rate * 2', says='learning_rate: nothing reads it'),
    dict(config='warmup = 5\nwarmup += 1', says='warmup: nothing reads it'),
    dict(config="label_loss = dict(type='CrossEntropy')", says='label_loss: nothing reads it'),
    dict(options=['train_pipeline.0.type=PackInputs'], says='train_pipeline: set after all files have read it'),
    dict(options=['resnet8.backbone.depth=14'], says='resnet8: '),
    dict(options=['trian_cfg.max_epochs=3'], says='trian_cfg'),
    dict(options=['label=1'], says='label'),
    # The part that is inherited.
    dict(config=f"_bases_ = ['{DIGITS}']", whole=True, says='_bases_: '),
    dict(config=f"base = ['{DIGITS}']", whole=True, says='base: '),
    dict(config="_base_ = ['no_such_file.py']", whole=True, says='no_such_file.py'),
    dict(config='', whole=True, says='model: is missing'),
    dict(config='# nothing but a comment', whole=True, says='model: is missing'),
    dict(config='_base_ = 5', whole=True, says='config.py'),
    dict(config='x = 1 +', whole=True, says='config.py'),
    dict(config='x = undefined_name', whole=True, says='undefined_name'),
    dict(config='resum = _base_.resume', says='resum: '),
    dict(config='y = _base_.no_such_name', says='config.py'),
    dict(
        setup=write('part.py', 'train_cfg = dict(max_epochs=3)\nbatch = 32\n'),
        config=f"_base_ = ['{DIGITS}', 'part.py']",
        whole=True,
        says="config.py: KeyError: \"Duplicate key is not allowed among bases. Duplicate keys: {'train_cfg'}",
    ),
    dict(
        setup=write('part.py', "_base_ = 'BASE'\nmax_epoch = 3\ntrain_cfg = dict(max_epochs=1)\n"),
        config="_base_ = 'part.py'",
        whole=True,
        says='max_epoch: nothing reads it',
    ),
    # Overlays.
    dict(
        setup=write('over.py', 'train_cfg = dict(max_epochs=1)\nbatch = 3\n'),
        args=['{config}', '--with', '{folder}/over.py'],
        says='batch: nothing reads it',
    ),
    dict(
        setup=write('over.py', "train_pipeline = [dict(type='PackInputs')]\n"),
        args=['{config}', '--with', '{folder}/over.py'],
        says='train_pipeline: nothing reads it',
    ),
    # Data.
    _file('data.yml', '_base_: BASE\nresum: true\n', 'resum: '),
    _file('data.yml', '_base_: BASE\nepochs: 3\n', 'epochs: '),
    _file('data.json', '{"_base_": "BASE", "train_cgf": {"max_epochs": 1}}', 'train_cgf: '),
    _file('data.yml', '_base_: BASE\nwork_dir: !!python/object/apply:os.system ["touch .data"]\n', 'data.yml'),
    _file('data.yml', 'a: [1\n', 'data.yml'),
    _file('data.yml', '', 'data.yml'),
    _file('data.json', '[1, 2]', 'data.json'),
    _file('data.json', '{"a": }', 'data.json'),
    _file('data.toml', 'a = 1', 'data.toml'),
    # Parts that are none.
    dict(config="model = dict(_delete_=True, type='ImageClassifier')", says='model.type: must be'),
    dict(config='model = None', says='model: is missing'),
    dict(config="model = ['net1']", says='model: must be a dict'),
    dict(config="train_dataloader = 'digits'", says='train_dataloader: must be a'),
    dict(config='train_cfg = 5', says='train_cfg: must be a dict'),
    dict(config='default_hooks = []', says='default_hooks: must be a dict'),
    dict(config="custom_hooks = dict(type='ProgressHook')", says='custom_hooks='),
    dict(config="param_scheduler = 'cosine'", says='param_scheduler: must be a'),
    dict(config='optim_wrapper = 0.1', says='optim_wrapper: must be a'),
    dict(config='env_cfg = None', says='env_cfg: must be a dict'),
    dict(config="val_evaluator = 'accuracy'", says='val_evaluator: must be a'),
    dict(config='visualizer = True', says='visualizer: must be a'),
    dict(config='log_processor = 10', says='log_processor: must be a dict'),
    dict(config='data_preprocessor = [0.5]', says='data_preprocessor: must be a'),
    # Values of what stands at the top itself.
    dict(config='load_from = 5', says='load_from: must be a text or None, got 5'),
    dict(config="resume = 'yes'", says="resume: must be True or False, got 'yes'"),
    dict(config='resume = 1', says='resume: must be True or False'),
    dict(config='work_dir = 3', says='work_dir: must be a text'),
    dict(config='experiment_name = 3', says='experiment_name: must be a text'),
    dict(config="default_scope = 'mmdet'", says='default_scope: must be'),
    dict(config='custom_imports = 3', says='custom_imports: must be a dict'),
    dict(config="custom_imports = dict(import_=['ktg_mm.models'])", says='custom_imports: unknown entry'),
    dict(config='custom_imports = dict(imports=[5])', says='custom_imports.imports: must be a list'),
    dict(config="custom_imports = dict(imports=['ktg_mm.no_such'])", says='ktg_mm.no_such'),
    dict(config="custom_imports = dict(imports=['my_losses'])", says="no module is named 'my_losses'; it may lie in"),
    dict(
        config="custom_imports = dict(imports=['my_losses'])",
        setup=lambda folder: (folder / 'my_losses.py').write_text('import no_such'),
        says="Failed to import my_losses: No module named 'no_such'",
    ),
    dict(config="sync_bn = 'apex'", says="sync_bn: must be 'torch' or 'mmcv'"),
    dict(config="compile = 'yes'", says='compile: must be'),
    dict(options=['custom_imports.imports=[ktg_mm.nothing]'], says='custom_imports'),
]
