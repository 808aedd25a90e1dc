# Language models, for a vocabulary of 10,000 words or, the small one, of 1,000.
# 0.33 million parameters.
lstm_small = dict(type='LanguageModel', vocab_size=1000, length=35, dims=150, layers=1, dropout=0.3, tied=True)
# The large LSTM of Zaremba et al. (2014) with its classifier tied to the embedding (Press and Wolf, EACL 2017):
# 51.0 million parameters; document 004 says 52 million, and not of which layers.
lstm_large = dict(
    type='LanguageModel', vocab_size=10_000, length=35, dims=1500, layers=2, dropout=0.65, tied=True, init_range=0.04
)
# The large character-aware model of Kim et al. (AAAI 2016), 19.4 million parameters.
conv_lstm = dict(
    type='LanguageModel',
    vocab_size=10_000,
    length=35,
    dims=650,
    layers=2,
    dropout=0.5,
    encoder=dict(type='CharacterEncoder'),
    init_range=0.05,
)
