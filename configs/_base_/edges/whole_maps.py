# An overlay: where attention attracts, maps are compared whole and as they are, by their mean squared error, as in the
# thesis where many teachers are distilled (section 4.3.3), not in normalised crops around the source's peak.
__maps = dict(type='AttentionMSE', whole=True)


def _whole(loss):
    return __maps if loss.type == 'AttentionMSE' else loss


model = dict(
    edges={
        key: dict(loss=[_whole(loss) for loss in edge.loss] if isinstance(edge.loss, list) else _whole(edge.loss))
        for key, edge in _base_.model.edges.items()
        if 'AttentionMSE' in str(edge.get('loss'))
    }
)
