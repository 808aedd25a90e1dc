# The topics of Python's help: 114,000 words, eight tenths to train on, one to validate on and one to test on; all but
# the 1,000 most frequent words of the training part are <unk>. No download; each version of Python has its own text.
data_preprocessor = dict(type='TokenPreprocessor', num_classes=1000)

_text = dict(type='PydocTopics', vocab_size=1000, length=35, context=35, pipeline=[dict(type='PackTokens')])
_loader = dict(num_workers=0, collate_fn=dict(type='default_collate'))

train_dataloader = dict(
    batch_size=20,
    dataset=dict(split='train', **_text),
    sampler=dict(type='SeededSampler', shuffle=True),
    **_loader,
)
val_dataloader = dict(
    batch_size=50,
    dataset=dict(split='val', **_text),
    sampler=dict(type='DefaultSampler', shuffle=False),
    **_loader,
)
test_dataloader = dict(
    batch_size=50,
    dataset=dict(split='test', **_text),
    sampler=dict(type='DefaultSampler', shuffle=False),
    **_loader,
)

val_evaluator = dict(type='Perplexity')
test_evaluator = val_evaluator
