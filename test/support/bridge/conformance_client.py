"""The Python client behind the conformance script's JSON lines: it does as told and reports every event."""
import json
import os
import queue
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../clients/python"))
sys.dont_write_bytecode = True
import holdline_bridge as hb  # noqa: E402


def say(**fact):
    sys.stdout.write(json.dumps(fact) + "\n")
    sys.stdout.flush()


def show(event):
    if isinstance(event, hb.Chunk):
        say(event="data", epoch=event.epoch, offset=event.offset, text=event.data.decode("latin1"))
    elif isinstance(event, hb.Gap):
        say(event="gap", **{"from": event.offset, "to": event.end})
    elif isinstance(event, hb.EpochChange):
        if event.previous is not None:
            say(event="epoch", previous=event.previous, epoch=event.epoch, **{"from": event.offset})
    elif isinstance(event, hb.Down):
        say(event="down", head=event.head, confirmed=event.confirmed)


def run(client, command):
    what = command["do"]
    if what == "connect":
        where = {} if "epoch" not in command else {"epoch": command["epoch"], "offset": command.get("from", 0)}
        client = hb.BridgeClient(path=command["path"], role=command.get("role", "consumer"), timeout=10, **where)
        say(id=command["id"], epoch=client.epoch, position=client.position, writeOffset=client.accepted_or_queued)
    elif what == "ack":
        client.ack(command["offset"])
        say(id=command["id"])
    elif what == "write":
        end = client.write(command["text"].encode("latin1"), offset=command.get("offset"), timeout=10)
        say(id=command["id"], end=end)
    elif what == "close":
        client.close()
        say(id=command["id"])
    return client


def main():
    commands = queue.Queue()

    def listen():
        for line in sys.stdin:
            commands.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    client = None
    say(ready=True)
    while True:
        try:
            command = commands.get(timeout=0.005 if client else None)
            try:
                client = run(client, command)
            except hb.BridgeError as error:
                say(id=command["id"], error=str(error))
        except queue.Empty:
            pass
        try:
            while client is not None:
                event = client.read(timeout=0)
                if event is None:
                    break
                show(event)
        except hb.BridgeError as error:
            say(event="fatal", message=str(error))
            client = None


main()
