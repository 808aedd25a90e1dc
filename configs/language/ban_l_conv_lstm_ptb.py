# BAN + L, label and teacher: the character-aware LSTM of 19 million parameters and its next generation, Penn Treebank.
#   python tools/download_dataset.py penn_treebank --data-root data/penn_treebank
#   python tools/train.py configs/language/ban_l_conv_lstm_ptb.py
# Perplexity as published (document 004, table 6), validation / test: teacher 83.69 / 80.05, BAN + L 80.27 / 76.97.
_base_ = [
    '../_base_/graphs/born_again_l.py',
    '../_base_/datasets/penn_treebank.py',
    '../_base_/models/networks_language.py',
    '../_base_/schedules/sgd_25e_ptb.py',
    '../_base_/default_runtime.py',
]

_spelled = dict(dataset=dict(spelling=21))
train_dataloader = _spelled
val_dataloader = _spelled
test_dataloader = _spelled

model = dict(nodes=dict(net=dict(network=_base_.conv_lstm)))
param_scheduler = dict(monitor='net/perplexity')
default_hooks = dict(checkpoint=dict(save_best='net/perplexity', rule='less'))
