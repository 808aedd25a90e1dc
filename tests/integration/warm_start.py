"""Runs the tools in processes forked from this one, which has imported everything: a start takes no seconds of imports.

One request a line on the standard input, one answer a line on the standard output, both JSON. A request to start is
answered with the process id, a request to wait for processes with their exit statuses (minus the signal's number if one
ended it), the question whether a process has ended with true or false. ``warm_python.py`` comes by the door, a
listening socket whose file descriptor is the argument.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import time
import traceback
import weakref
from pathlib import Path
from typing import Any, NoReturn

import alembic.command  # noqa: F401
import mmengine.config.config
import optuna.storages._rdb.storage  # noqa: F401
import sqlalchemy.dialects.sqlite  # noqa: F401
import torch
import torch._dynamo.utils
import torch.utils.tensorboard
from matplotlib.backends.backend_agg import FigureCanvasAgg
from mmengine.utils.dl_utils import collect_env

import ktg_mm.apis
import ktg_mm.datasets
import ktg_mm.engine
import ktg_mm.evaluation
import ktg_mm.models
import ktg_mm.search
import ktg_mm.visualization
from ktg_mm.apis import load_config
from ktg_mm.apis.check_config import check_config
from ktg_mm.datasets import Digits
from ktg_mm.visualization import draw_graph

DIGITS = Path(__file__).parents[2] / 'configs/ktg/ens_3node_digits.py'

for package in (ktg_mm.apis, ktg_mm.search):
    for name in package.__all__:  # what else is imported when it is asked for
        getattr(package, name)


def main() -> None:
    torch.set_num_threads(1)
    sys.path[0] = str(Path(__file__).parents[1])  # until a tool's own folder takes its place
    import quick_configs

    quick_configs.read_once()
    # What else takes a while once: scikit-learn, the parts' arguments, the search for a compiler and the letters of the
    # graph's picture.
    Digits()
    check_config(config := load_config(DIGITS))
    collect_env()
    FigureCanvasAgg(draw_graph(config.model)).draw()
    gc.freeze()
    # And at each end: what torch has to say and to take apart.
    atexit.unregister(torch._dynamo.utils.dump_compile_times)
    for finalizer in list(weakref.finalize._registry):
        finalizer.atexit = False
    with socket.socket(fileno=int(sys.argv[1])) as door:
        while True:
            if door in select.select([door, sys.stdin], [], [])[0]:
                guest, _ = door.accept()
                if os.fork() == 0:
                    attend(guest)
                guest.close()
            elif line := sys.stdin.readline():
                print(json.dumps(answer(json.loads(line))), flush=True)
            else:
                return


def answer(request: dict[str, Any]) -> Any:
    """What a request is answered with."""
    if 'wait' in request:
        return wait(request['wait'])
    if 'ended' in request:
        return os.waitid(os.P_PID, request['ended'], os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    output, errors = request.pop('output'), request.pop('errors')
    child = os.fork()
    if child == 0:
        become(**request, streams=[os.open(path, os.O_RDWR | os.O_CREAT) for path in (os.devnull, output, errors)])
    return child


def attend(guest: socket.socket) -> NoReturn:
    """Starts the tool that a guest wants to be, passes its signals on and tells it of the end; ends with the guest."""
    streams = socket.recv_fds(guest, 1, 3)[1]
    request = json.loads(guest.makefile().readline())
    child = os.fork()
    if child == 0:
        guest.close()
        become(**request, streams=streams)
    ended = os.pidfd_open(child)
    while ended not in select.select([guest, ended], [], [])[0]:
        number = guest.recv(1)
        os.kill(child, number[0] if number else signal.SIGKILL)
    guest.sendall(f'{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n'.encode())
    os._exit(0)


def wait(pids: list[int]) -> list[int]:
    """Waits for processes that work together: when one of them fails, the others have half a minute to end."""
    statuses: dict[int, int] = {}
    patience = 30.0
    while left := [pid for pid in pids if pid not in statuses]:
        for pid in left:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                statuses[pid] = os.waitstatus_to_exitcode(status)
            elif patience < 0:
                os.kill(pid, signal.SIGKILL)
        patience -= 0.01 if any(statuses.values()) else 0
        time.sleep(0.01)
    return [statuses[pid] for pid in pids]


def become(argv: list[str], cwd: str, env: dict[str, str], streams: list[int]) -> NoReturn:
    """Turns this process into ``python *argv``, the leader of a process group of its own."""
    os.setsid()
    for number, file in enumerate(streams):
        os.dup2(file, number)
        os.close(file)
    os.chdir(cwd)
    os.environ.update(env)
    sys.path[0:1] = [os.path.dirname(argv[0]), *env.get('PYTHONPATH', '').split(os.pathsep)]
    sys.argv = argv
    status = 0
    try:
        # A run prints and writes its config three times, and lays it out prettily each time, which takes a second.
        if 'LAY_OUT' not in env:
            mmengine.config.config.FormatCode = lambda code, **options: (code, True)
        if 'PRELOAD' in env:
            importlib.import_module(env['PRELOAD'])
        runpy.run_path(argv[0], run_name='__main__')
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    # What the interpreter does at its end, but for the dismantling of all modules, which takes a second.
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == '__main__':
    main()
