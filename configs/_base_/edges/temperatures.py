# KL divergence at another temperature, on every edge that has one; temperature_2.py and the like take one of these out.
def _at(temperature):
    """Each edge's losses, the temperature of KL divergence changed."""
    edges = {}
    for key, edge in _base_.model.edges.items():
        losses = edge.loss if isinstance(edge.get('loss'), list) else [edge.get('loss')]
        if any(isinstance(loss, dict) and loss.type == 'KLDivergence' for loss in losses):
            changed = [dict(loss, temperature=temperature) if loss.type == 'KLDivergence' else loss for loss in losses]
            edges[key] = dict(loss=changed if isinstance(edge.loss, list) else changed[0])
    return dict(edges=edges)


temperatures = {temperature: _at(float(temperature)) for temperature in (1, 2, 3, 4, 5, 10)}
