# Penn Treebank as Mikolov has prepared it: 10,000 words, 929,589 tokens to train on, 73,760 and 82,430 to validate and
# to test on. The papers carry an LSTM's state from one chunk of 35 tokens to the next; here the 70 tokens before a
# chunk stand in for it.
_base_ = ['pydoc_topics.py']

data_preprocessor = dict(num_classes=10_000)

_words = dict(type='PennTreebank', data_root='data/penn_treebank', vocab_size=10_000, context=70)
_loader = dict(num_workers=2, persistent_workers=True)

train_dataloader = dict(dataset=_words, **_loader)
val_dataloader = dict(dataset=_words, **_loader)
test_dataloader = dict(dataset=_words, **_loader)
