# A small LSTM on the topics of Python's help.
#   python tools/train.py configs/language/small_lstm_topics.py
_base_ = [
    '../_base_/graphs/single.py',
    '../_base_/datasets/pydoc_topics.py',
    '../_base_/models/networks_language.py',
    '../_base_/schedules/adam_6e_text.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes=dict(net1=dict(network=_base_.lstm_small)))
default_hooks = dict(checkpoint=dict(save_best='net1/perplexity', rule='less'))
