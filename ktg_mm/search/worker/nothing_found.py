"""A search that has found nothing does not end well."""

from optuna.study import Study
from optuna.trial import TrialState

from ktg_mm.errors import ConfigError, UserError
from ktg_mm.search.study import retries


def has_succeeded(study: Study) -> bool:
    """Whether any worker has trained a graph, to its end or until it was pruned.

    Example:
        >>> import optuna
        >>> has_succeeded(optuna.create_study())
        False
    """
    good = (TrialState.COMPLETE, TrialState.PRUNED)
    return bool(study.get_trials(deepcopy=False, states=good))


def refuse_nothing(study: Study) -> None:
    """Refuses to end a search well that has found nothing.

    Args:
        study: Of a search that has ended.

    Raises:
        ConfigError: If no graph could be drawn.
        UserError: If every trial failed; the message has the last one's end.
    """
    ended = retries.last_of_chains(study)
    if not ended:
        reason = 'no graph could be drawn, as in all that were tried the target cannot learn; open more edges to it'
        raise ConfigError('search.space', reason)
    if not has_succeeded(study):
        end = ended[-1].user_attrs.get(retries.END, retries.LOST).removeprefix(f'{retries.FAILED}: ')
        raise UserError(f'the search has found nothing, all {len(ended)} trials failed, the last one: {end}')
