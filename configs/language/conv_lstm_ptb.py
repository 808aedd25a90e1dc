# The character-aware LSTM of 19 million parameters on Penn Treebank, the teacher of document 004's table 6.
#   python tools/download_dataset.py penn_treebank --data-root data/penn_treebank
#   python tools/train.py configs/language/conv_lstm_ptb.py
# Perplexity as published there, validation / test: 83.69 / 80.05; Kim et al. have 78.9 on the test text.
_base_ = [
    '../_base_/graphs/single.py',
    '../_base_/datasets/penn_treebank.py',
    '../_base_/models/networks_language.py',
    '../_base_/schedules/sgd_25e_ptb.py',
    '../_base_/default_runtime.py',
]

_spelled = dict(dataset=dict(spelling=21))
train_dataloader = _spelled
val_dataloader = _spelled
test_dataloader = _spelled

model = dict(nodes=dict(net1=dict(network=_base_.conv_lstm)))
default_hooks = dict(checkpoint=dict(save_best='net1/perplexity', rule='less'))
