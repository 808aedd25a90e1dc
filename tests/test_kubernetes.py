"""The files for Kubernetes: right by its schemas, with a command that our parser reads, and of one another's names."""

import copy
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from documented import Parsed, main_of, only_parse

from ktg_mm.shipped import found, shipped

REPOSITORY = Path(__file__).parents[1]
OLDEST = '1.31'  # the first in which a Job's podFailurePolicy is stable


def documents(name: str) -> dict[str, dict[str, Any]]:
    """The objects of a file, by their kind."""
    text = (shipped('tools') / 'kubernetes' / f'{name}.yaml').read_text()
    return {document['kind']: document for document in yaml.safe_load_all(text)}


def secrets(part: Any) -> Iterator[tuple[str, str]]:
    """What an object takes from secrets: names and keys."""
    for value in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from secrets(value)
    if isinstance(part, dict) and 'secretKeyRef' in part:
        yield part['secretKeyRef']['name'], part['secretKeyRef']['key']


@pytest.mark.parametrize('version', [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize(
    ('name', 'kinds'),
    [('search_job', ['Job', 'PersistentVolumeClaim']), ('postgresql', ['Service', 'StatefulSet'])],
)
def test_kubernetes_takes_them(name: str, kinds: list[str], version: str) -> None:
    assert list(documents(name)) == kinds
    for document in documents(name).values():
        kubernetes_validate.validate(document, version, strict=True)


def test_a_wrong_one_is_refused() -> None:
    """Else the test above would say little."""
    for key, value in (('paralelism', 8), ('parallelism', 'eight')):
        job = copy.deepcopy(documents('search_job')['Job'])
        job['spec'][key] = value
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(job, OLDEST, strict=True)


def test_the_workers_command(monkeypatch: pytest.MonkeyPatch) -> None:
    job = documents('search_job')['Job']['spec']
    pod = job['template']['spec']
    (worker,) = pod['containers']
    tool, *words = worker['args']
    only_parse(monkeypatch)
    monkeypatch.setattr(sys, 'argv', [f'ktg {tool}', *words])
    with pytest.raises(Parsed) as read:
        main_of(f'tools/{tool}.py')()
    args = read.value.args[0]
    assert tool == 'search' and found(Path(args.config)).exists() and args.storage is None
    # The folder is on the volume that all workers share.
    mounts = {mount['mountPath']: mount['name'] for mount in worker['volumeMounts']}
    (shared,) = (volume for volume in pod['volumes'] if volume['name'] == mounts[worker['workingDir']])
    claim = documents('search_job')['PersistentVolumeClaim']
    assert not Path(args.work_dir).is_absolute() and claim['spec']['accessModes'] == ['ReadWriteMany']
    assert shared['persistentVolumeClaim']['claimName'] == claim['metadata']['name']
    assert 'completions' not in job  # else more workers would begin after the search
    assert pod['restartPolicy'] == 'Never'  # which podFailurePolicy needs; the schema does not say so


def test_they_speak_of_the_same() -> None:
    """The secret that the page makes, the server's name and its user."""
    job, server = documents('search_job')['Job'], documents('postgresql')
    stateful, service = server['StatefulSet']['spec'], server['Service']['spec']
    (container,) = stateful['template']['spec']['containers']
    page = (REPOSITORY / 'docs/clusters.md').read_text()
    ((name, literals),) = re.findall(r'kubectl create secret generic (\S+) ((?:.|\\\n)*?)\n(?!    )', page)
    keys = dict(re.findall(r'--from-literal=(\w+)="(.*?)"', literals))
    assert {*secrets(job)} | {*secrets(stateful)} == {(name, key) for key in keys}
    (variable,) = (one for one in job['spec']['template']['spec']['containers'][0]['env'] if 'valueFrom' in one)
    assert variable['name'] == 'KTG_MM_STORAGE' and variable['valueFrom']['secretKeyRef']['key'] == 'address'
    user = next(one['value'] for one in container['env'] if one['name'] == 'POSTGRES_USER')
    host = server['Service']['metadata']['name']
    assert keys['address'] == f'postgresql+psycopg2://{user}:{keys["password"]}@{host}/{user}'
    assert service['selector'] == stateful['selector']['matchLabels'] == stateful['template']['metadata']['labels']
    assert stateful['serviceName'] == host
    assert [port['port'] for port in service['ports']] == [port['containerPort'] for port in container['ports']]
    assert 'postgresql' in re.search(r"'/src\[(.*)\]'", (REPOSITORY / 'Dockerfile').read_text())[1].split(',')
