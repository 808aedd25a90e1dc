"""Stands in for Python where a script starts a tool: ``warm_python.py DOOR [-u] TOOL ...``.

The process of ``warm_start.py`` behind the door becomes the tool, with this one's folder, environment and standard
streams; signals are passed on to it, and this process ends as it does.
"""

import json
import os
import signal
import socket
import sys

door, *argv = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as server:
    server.connect(door)
    socket.send_fds(server, [b'\n'], [0, 1, 2])
    request = dict(argv=argv[argv[0] == '-u' :], cwd=os.getcwd(), env=dict(os.environ))
    server.sendall(f'{json.dumps(request)}\n'.encode())
    passed_on = signal.SIGINT, signal.SIGTERM
    for number in passed_on:
        signal.signal(number, lambda number, _: server.send(bytes([number])))
    status = int(server.makefile().readline())
    for number in passed_on:
        signal.signal(number, signal.SIG_DFL)
if status < 0:
    os.kill(os.getpid(), -status)
sys.exit(status)
