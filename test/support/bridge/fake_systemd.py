"""PID 1's part in a bridge's life, and nothing more: a notify socket with a descriptor store, Restart=always, LISTEN_FDS.
Arguments: socket path, then the command. Prints one JSON line per fact. TERM ends it with its child."""
import json
import os
import select
import signal
import socket
import sys

path, command = sys.argv[1], sys.argv[2:]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(path)
store, main, stopping = [], None, False


def say(**fact):
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


def start():
    global main
    pid = os.fork()
    if pid != 0:
        main = pid
        say(started=pid, stored=[name for name, _ in store])
        return
    for place, (_, held) in enumerate(store):
        os.dup2(held, 100 + place)
    for place in range(len(store)):
        os.dup2(100 + place, 3 + place, inheritable=True)
        os.close(100 + place)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LISTEN_")}
    environment.update(NOTIFY_SOCKET=path, LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(store)), LISTEN_FDNAMES=":".join(name for name, _ in store))
    os.execvpe(command[0], command, environment)


def stop(*_):
    global stopping
    stopping = True
    os.kill(main, signal.SIGTERM)


def hear():
    message, files, _, _ = socket.recv_fds(listener, 4096, 16)
    fields = dict(line.split("=", 1) for line in message.decode().split("\n") if "=" in line)
    if "FDSTORE" in fields:
        # Ours at high numbers, so that they never meet the child's 3, 4, …
        for held in files:
            store.append((fields["FDNAME"], os.dup2(held, 200 + held + 10 * len(store), inheritable=False)))
            os.close(held)
        say(store=[name for name, _ in store])
        return
    if "FDSTOREREMOVE" in fields:
        for name, held in [pair for pair in store if pair[0] == fields["FDNAME"]]:
            os.close(held)
            store.remove((name, held))
    global main
    if "MAINPID" in fields:
        main = int(fields["MAINPID"])
    if "READY" in fields:
        say(ready=main)
    for held in files:
        os.close(held)  # the barrier's end


signal.signal(signal.SIGTERM, stop)
# As PID 1: orphans become ours, so that a successor's end is seen too.
import ctypes  # noqa: E402
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
start()
while True:
    try:
        readable, _, _ = select.select([listener], [], [], 0.002)
    except InterruptedError:
        readable = []
    if readable:
        hear()
    try:
        ended, _ = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        ended = main
    if ended == main and ended != 0:
        if stopping:
            break
        start()
os.unlink(path)
