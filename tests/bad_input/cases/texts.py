"""Mistakes in texts, and in language models."""

from pathlib import Path

BASE = 'configs/language/small_lstm_topics.py'
TRAIN, VAL = 'train_dataloader.dataset', 'val_dataloader.dataset'
NETWORK = 'model.nodes.net1.network'


def topics(says: str, *options: str, **more: object) -> dict[str, object]:
    """A mistake in a config of the topics of Python's help."""
    return dict(base=BASE, says=says, options=options or ('randomness.seed=0',), **more)


def lines(says: str, config: str, **more: object) -> dict[str, object]:
    """The same, by lines of the config."""
    return dict(base=BASE, says=says, config=config, **more)


def text(says: str, content: bytes | None, *options: str) -> dict[str, object]:
    """A text of one's own that is not as it should be."""

    def setup(folder: Path) -> None:
        (folder / 'data').mkdir()
        if content is not None:
            (folder / 'data/text.txt').write_bytes(content)

    overlay = str(Path(__file__).resolve().parents[3] / 'configs/_base_/datasets/text.py')
    args = ['{config}', '--with', overlay, '--work-dir', '{folder}/work']
    options = options or ('randomness.seed=0',)
    return dict(base=BASE, says=says, options=options, args=args, setup=setup, data=True)


NINE = [f'{kind}_dataloader.dataset.vocab_size=9' for kind in ('train', 'val', 'test')]
ENGLISH = b'the cat sat on the mat and the dog sat on the cat\n' * 60

CASES = [
    # Files.
    text('data/text.txt: cannot be read', None),
    text('data/text.txt: has no words', b''),
    text('data/text.txt: has no words', b' \n\t\n \n'),
    text('data/text.txt: has no characters', b'', f'{TRAIN}.tokens=characters'),
    text('data/text.txt: is no text', b'\xff\xfe\x00words', f'{TRAIN}.vocab_size=9'),
    text('data/text.txt: is no text', b'PK\x03\x04\x00\x00\x08' * 90, f'{TRAIN}.vocab_size=9'),
    text(f'{TRAIN}.vocab_size: is 1000, but the training text has 9 different words', ENGLISH),
    text('the train part has 16 words, but a chunk', b'one two three\n' * 5, f'{TRAIN}.vocab_size=None'),
    text('the val part has 0 words', ENGLISH, f'{TRAIN}.vocab_size=9', f'{VAL}.vocab_size=9', f'{VAL}.val_size=0'),
    # A vocabulary that differs.
    text(
        f'{TRAIN}: has 9 classes, but the networks of model.nodes have 1000',
        ENGLISH,
        *NINE,
    ),
    topics(f'{NETWORK}.vocab_size: is 999, but data_preprocessor.num_classes is 1000', f'{NETWORK}.vocab_size=999'),
    topics(f'{VAL}: has 900 classes', f'{VAL}.vocab_size=900', data=True),
    # Arguments of the data.
    topics(f'{TRAIN}.tokens: must be ', f'{TRAIN}.tokens=letters'),
    topics(f'{TRAIN}.tokens: must be ', f'{TRAIN}.tokens=3'),
    topics(f'{TRAIN}.split: ', f'{TRAIN}.split=valid'),
    topics(f'{TRAIN}.length: must be a whole number', f'{TRAIN}.length=0'),
    topics(f'{TRAIN}.length: must be a whole number', f'{TRAIN}.length=3.5'),
    topics(f'{TRAIN}.context: must be a whole number', f'{TRAIN}.context=-1'),
    topics(f'{TRAIN}.vocab_size: must be a whole number', f'{TRAIN}.vocab_size=2'),
    topics(f'{TRAIN}.spelling: must be 0, or at least 3', f'{TRAIN}.spelling=2'),
    topics(f'{TRAIN}.spelling: must be 0, as bytes have none', f'{TRAIN}.spelling=9', f'{TRAIN}.tokens=bytes'),
    topics(f'{TRAIN}.val_size: must be in [0, 1)', f'{TRAIN}.val_size=1.5'),
    topics(f'{TRAIN}.val_size: must leave tokens', f'{TRAIN}.val_size=0.6', f'{TRAIN}.test_size=0.4'),
    topics(f"{TRAIN}: PydocTopics has no argument 'file'", f'{TRAIN}.file=a.txt'),
    topics(f"{TRAIN}: PydocTopics has no argument 'lenght'", f'{TRAIN}.lenght=3'),
    lines(
        f'{TRAIN}.data_root', "train_dataloader = dict(dataset=dict(type='PennTreebank', pipeline=[], _delete_=True))"
    ),
    lines(
        f'{TRAIN}.tokens: is not of Penn Treebank',
        "train_dataloader = dict(dataset=dict(type='PennTreebank', data_root='.', tokens='bytes'))",
    ),
    lines(
        'Penn Treebank: ./ptb.train.txt is missing; get it with: python tools/download_dataset.py penn_treebank',
        "train_dataloader = dict(dataset=dict(type='PennTreebank', data_root='.'))",
        data=True,
    ),
    # What does not fit: chunks, spelling, kinds of data.
    topics('train_dataloader.dataset.length: the batch has labels of', f'{NETWORK}.length=20'),
    topics('train_dataloader.dataset.length: ', f'{NETWORK}.length=80'),
    topics('train_dataloader.dataset.length: the batch has labels of', f'{VAL}.length=20', f'{VAL}.context=50'),
    topics(
        f'{TRAIN}.spelling: is 0, but CharacterEncoder',
        f'{NETWORK}.encoder.type=CharacterEncoder',
        f'{NETWORK}.tied=False',
    ),
    lines('data_preprocessor.type: tokens are no images', "data_preprocessor = dict(type='GraphDataPreprocessor')"),
    dict(
        says='data_preprocessor.type: TokenPreprocessor takes tokens alone',
        config="data_preprocessor = dict(_delete_=True, type='TokenPreprocessor', num_classes=10)",
    ),
    lines('val_evaluator: NodeMetric is of images', "val_evaluator = dict(_delete_=True, type='NodeMetric')"),
    dict(
        says='val_evaluator: Perplexity is of tokens', config="val_evaluator = dict(_delete_=True, type='Perplexity')"
    ),
    lines(f'{TRAIN}.pipeline', "train_dataloader = dict(dataset=dict(pipeline=[dict(type='PackInputs')]))"),
    lines(f'{TRAIN}.pipeline', 'train_dataloader = dict(dataset=dict(pipeline=[]))'),
    dict(
        says=f'{TRAIN}.pipeline[1]: PackTokens: needs ',
        config="train_dataloader = dict(dataset=dict(pipeline=[dict(type='SeedRandom'), dict(type='PackTokens')]))",
    ),
    lines(
        f"{TRAIN}.of: Split goes by classes, which a text's chunks do not have; take its own split",
        "train_dataloader = dict(dataset=dict(type='Split', of='PydocTopics', part='train', val_size=100))",
    ),
    # The metric.
    topics('val_evaluator.nodes: no node is named', "val_evaluator.nodes=['net2']"),
    lines('val_evaluator.means: no node is named', "val_evaluator = dict(means=dict(both=['net1', 'net2']))"),
    lines('val_evaluator.means.net1: is the name of a node', "val_evaluator = dict(means=dict(net1=['net1', 'net1']))"),
    topics('val_evaluator.means', 'val_evaluator.means=3'),
    topics('default_hooks.checkpoint.rule: must be', 'default_hooks.checkpoint.rule=greater'),
    # The network.
    topics(f'{NETWORK}.vocab_size: must be a whole number', f'{NETWORK}.vocab_size=0'),
    topics(f'{NETWORK}.dropout: must be in [0, 1)', f'{NETWORK}.dropout=1.0'),
    topics(f'{NETWORK}.layers: must be a whole number', f'{NETWORK}.layers=0'),
    topics(f'{NETWORK}.init_range: must be', f'{NETWORK}.init_range=0'),
    topics(f'{NETWORK}.tied: must be False beside an encoder', f'{NETWORK}.encoder.type=CharacterEncoder'),
    topics(f'{NETWORK}.encoder', f'{NETWORK}.encoder.type=CharEncoder', f'{NETWORK}.tied=False'),
    topics(f'{NETWORK}.encoder', f'{NETWORK}.encoder.type=LeNet5', f'{NETWORK}.tied=False'),
    topics(
        f'{NETWORK}.encoder: widths must be',
        f'{NETWORK}.encoder.type=CharacterEncoder',
        f'{NETWORK}.encoder.widths=3',
        f'{NETWORK}.tied=False',
    ),
    # Parts that are about images.
    lines(
        "model.edges['net2->net1'].loss: the target has no attention map",
        "model = dict(nodes=dict(net2=dict(type='NetworkNode', network=_base_.model.nodes.net1.network)), edges={"
        "'label->net2': dict(loss=dict(type='CrossEntropy')), 'net2->net1': dict(loss=dict(type='AttentionMSE'))})",
    ),
    lines(
        "model.edges['net2->net1'].loss: CRD needs the number of each training image",
        "model = dict(nodes=dict(net2=dict(type='NetworkNode', network=_base_.model.nodes.net1.network)), edges={"
        "'label->net2': dict(loss=dict(type='CrossEntropy')), "
        "'net2->net1': dict(loss=dict(type='CRD', num_samples=2000), samples='labeled')})",
    ),
    lines(
        "model.edges['label->net1'].views",
        "model = dict(edges={'label->net1': dict(views=dict(target='weak'))})",
    ),
    lines(
        'model.nodes.wise.layer: ',
        "model = dict(nodes=dict(net2=dict(type='NetworkNode', network=_base_.model.nodes.net1.network), wise=dict("
        "type='FusionEnsembleNode', members=['net1', 'net2'])), edges={'label->wise': dict(loss=dict("
        "type='CrossEntropy'))})",
    ),
]
