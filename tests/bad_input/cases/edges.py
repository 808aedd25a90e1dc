"""Mistakes in edges."""

CASES = [
    dict(options=['model.edges.net2->net1.gate.type=CorectGate'], says="model.edges['net2->net1'].gate.type"),
    dict(options=['model.edges.net9->net1.loss.type=KLDivergence'], says="model.edges['net9->net1']"),
]
