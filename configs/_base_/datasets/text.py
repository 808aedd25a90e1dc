# A text file of one's own, data/text.txt, in place of the topics of Python's help; also as an overlay. Of words, those
# that white space divides; tokens='characters' or 'bytes' (vocab_size=256) need no preparation.
_base_ = ['pydoc_topics.py']

_file = dict(type='Text', file='data/text.txt')

train_dataloader = dict(dataset=_file)
val_dataloader = dict(dataset=_file)
test_dataloader = dict(dataset=_file)
