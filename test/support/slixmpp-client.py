"""An XMPP client made of slixmpp: a line of JSON for what happens, a line of text for what to do.

slixmpp-client.py JID PASSWORD HOST PORT starttls|tls|plain CERTIFICATE [MECHANISM]
"""
import asyncio
import json
import logging
import sys

import slixmpp

jid, password, host, port, security, certificate, *mechanism = sys.argv[1:]


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Client(slixmpp.ClientXMPP):
    def __init__(self):
        super().__init__(jid, password, sasl_mech=mechanism[0] if mechanism else None)
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0199")
        self.register_plugin("xep_0198")
        self.register_plugin("xep_0280")
        self.register_plugin("xep_0313")
        # What a resumption needs: the session outlives its connection.
        self.end_session_on_disconnect = False
        self.ca_certs = certificate or None
        self.add_event_handler("session_start", self.started)
        self.add_event_handler("session_resumed", lambda _: tell("resumed"))
        self.add_event_handler("failed_auth", lambda _: tell("refused"))
        self.add_event_handler("message", lambda m: tell("message", sender=str(m["from"]), body=m["body"]))
        self.add_event_handler("disconnected", self.lost)
        self.add_event_handler("presence_available", lambda p: tell("available", sender=str(p["from"])))
        self.add_event_handler("roster_update", lambda _: tell("roster", both=[
            contact for contact in self.client_roster if self.client_roster[contact]["subscription"] == "both"]))
        self.wanted = True
        self.add_event_handler("stream_error", lambda e: tell("error", condition=e["condition"]))

    def start(self):
        self.connect((host, int(port)), use_ssl=security == "tls", force_starttls=security == "starttls",
                     disable_starttls=security == "plain")

    def lost(self, _):
        tell("disconnected")
        if self.wanted:
            self.start()

    async def started(self, _):
        self.send_presence()
        await self.get_roster()
        cipher = self.transport.get_extra_info("cipher")
        tell("ready", jid=str(self.boundjid), tls=cipher is not None,
             mechanism=self["feature_mechanisms"].mech.name, managed=self["xep_0198"].enabled_in)


async def main():
    client = Client()
    logging.basicConfig(level=logging.DEBUG if "-v" in sys.argv else logging.ERROR)
    client.start()
    reader = asyncio.StreamReader()
    await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().rstrip("\n"):
        command, _, rest = line.partition(" ")
        if command == "send":
            to, _, body = rest.partition(" ")
            client.send_message(mto=to, mbody=body, mtype="chat")
        elif command == "ping":
            tell("pong", time=await client["xep_0199"].ping(rest))
        elif command == "subscribe":
            client.send_presence_subscription(pto=rest)
        elif command == "history":
            found = [m async for m in client["xep_0313"].iterate(with_jid=rest)]
            tell("history", bodies=[m["mam_result"]["forwarded"]["stanza"]["body"] for m in found])
        elif command == "cut":
            client.transport.abort()
        elif command == "quit":
            client.wanted = False
            break
    await client.disconnect()


asyncio.get_event_loop().run_until_complete(main())
