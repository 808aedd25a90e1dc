"""Runs the tools in processes forked from this one, which has imported everything: a start takes no seconds of imports.

One request a line on the standard input, one answer a line on the standard output, both JSON. A request to start is
answered with the process id, a request to wait for processes with their exit statuses (minus the signal's number if one
ended it), the question whether a process has ended with true or false.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import sys
import threading
import time
import traceback
from typing import NoReturn

import mmengine.config.config
import torch
import torch.utils.tensorboard

import ktg_mm.apis
import ktg_mm.datasets
import ktg_mm.engine
import ktg_mm.evaluation
import ktg_mm.models
import ktg_mm.search
import ktg_mm.visualization

for package in (ktg_mm.apis, ktg_mm.search):
    for name in package.__all__:  # what else is imported when it is asked for
        getattr(package, name)


def main() -> None:
    torch.set_num_threads(1)
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        if 'wait' in request:
            answer = wait(request['wait'])
        elif 'ended' in request:
            answer = os.waitid(os.P_PID, request['ended'], os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        else:
            answer = os.fork()
            if answer == 0:
                become(**request)
        print(json.dumps(answer), flush=True)


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


def become(argv: list[str], cwd: str, env: dict[str, str], output: str, errors: str) -> NoReturn:
    """Turns this process into ``python *argv``, the leader of a process group of its own."""
    os.setsid()
    for number, path in (0, os.devnull), (1, output), (2, errors):
        file = os.open(path, os.O_RDWR | os.O_CREAT)
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
