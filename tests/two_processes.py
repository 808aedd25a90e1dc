"""Two processes that speak gloo, kept alive to run functions of test modules: ``python two_processes.py FOLDER``.

A request is a line on the standard input, a test module's path and a function's name as JSON; the function is called
with its process's rank and the number of processes, 2, and must return what safe loading reads back. Each process saves
that in the folder, as ``0.pth`` and ``1.pth``, and then writes a line with its rank and its error, if there is one.
"""

import importlib.util
import json
import os
import sys
import traceback
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

import ktg_mm.models  # noqa: F401  so that it is imported once for both


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    reader, writer = os.pipe()
    rank = int(os.fork() == 0)
    requests = open(reader) if rank else sys.stdin
    store = dist.FileStore(str(folder / 'store'), 2)
    dist.init_process_group('gloo', store=store, rank=rank, world_size=2, timeout=timedelta(seconds=60))
    os.close(writer if rank else reader)
    for request in requests:
        if not rank:
            os.write(writer, request.encode())
        error = ''
        try:
            torch.save(call(*json.loads(request), rank), folder / f'{rank}.pth')
        except Exception:
            error = traceback.format_exc()
        os.write(sys.stdout.fileno(), f'{json.dumps([rank, error])}\n'.encode())


def call(path: str, function: str, rank: int) -> object:
    spec = importlib.util.spec_from_file_location('tests_' + Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, function)(rank, 2)


if __name__ == '__main__':
    main(Path(sys.argv[1]))
