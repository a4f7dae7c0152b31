"""A room as slixmpp sees it: owner, guest and a stranger; a line of JSON for each step that went as it should.

slixmpp-rooms.py DOMAIN HOST PORT
"""
import asyncio
import json
import sys

import slixmpp
from slixmpp.exceptions import IqError, PresenceError

domain, host, port = sys.argv[1:]
ROOM = slixmpp.JID(f"cave@rooms.{domain}")


class Client(slixmpp.ClientXMPP):
    def __init__(self, name):
        super().__init__(f"{name}@{domain}/slixmpp", f"{name}-password")
        for plugin in ("0030", "0004", "0045", "0059", "0199", "0249", "0313", "0421", "0424", "0425"):
            self.register_plugin(f"xep_{plugin}")
        self.ready = asyncio.get_event_loop().create_future()
        self.heard = asyncio.Queue()
        self.add_event_handler("session_start", self.started)
        self.add_event_handler("groupchat_message", self.heard.put_nowait)
        self.add_event_handler("groupchat_invite", self.heard.put_nowait)
        self.add_event_handler("groupchat_direct_invite", self.heard.put_nowait)
        self.add_event_handler("moderated_message", self.heard.put_nowait)
        self.add_event_handler("message", self.private)
        self.connect((host, int(port)), disable_starttls=True)

    def private(self, message):
        if message["type"] == "chat":
            self.heard.put_nowait(message)

    async def started(self, _):
        self.send_presence()
        await self.get_roster()
        self.ready.set_result(True)

    @property
    def muc(self):
        return self["xep_0045"]

    async def hear(self):
        return await asyncio.wait_for(self.heard.get(), 10)


def done(step, **found):
    print(json.dumps({"step": step, **found}), flush=True)


async def main():
    alice, bob, carol, dave = clients = [Client(name) for name in ("alice", "bob", "carol", "dave")]
    await asyncio.wait_for(asyncio.gather(*(client.ready for client in clients)), 20)

    items = await bob["xep_0030"].get_items(jid=domain)
    done("found", service=any(jid == f"rooms.{domain}" for jid, _, _ in items["disco_items"]["items"]))

    made, *_ = await alice.muc.join_muc_wait(ROOM, "Alice", timeout=10)
    done("made", statuses=sorted(made["muc"]["status_codes"]))
    form = await alice.muc.get_room_config(ROOM)
    form["type"] = "submit"
    form.field["muc#roomconfig_roomname"]["value"] = "A dark cave"
    form.field["muc#roomconfig_whois"]["value"] = "anyone"
    await alice.muc.set_room_config(ROOM, form)
    info = await bob["xep_0030"].get_info(jid=ROOM)
    done("configured", name=next(iter(info["disco_info"]["identities"]))[3],
         open="muc_nonanonymous" in info["disco_info"]["features"])

    alice.muc.set_subject(ROOM, "Spells")
    alice.send_message(mto=ROOM, mbody="before", mtype="groupchat")
    await alice.hear()
    _, subject, occupants, history = await bob.muc.join_muc_wait(ROOM, "Bob", maxstanzas=10, timeout=10)
    done("joined", occupants=[p["from"].resource for p in occupants], subject=subject["subject"],
         history=[m["body"] for m in history])
    try:
        await dave.muc.join_muc_wait(ROOM, "Alice", timeout=10)
    except PresenceError as error:
        done("conflict", condition=error.presence["error"]["condition"])

    bob.send_message(mto=ROOM, mbody="hello", mtype="groupchat")
    said = await alice.hear()
    while said["body"] != "hello":
        said = await alice.hear()
    done("spoke", sender=str(said["from"]), occupant=bool(said["occupant-id"]["id"]))
    bob.send_message(mto=f"{ROOM}/Alice", mbody="psst", mtype="chat")
    done("whispered", sender=str((await alice.hear())["from"]))

    alice.muc.invite(ROOM, carol.boundjid.bare, reason="come", mfrom=alice.boundjid)
    invitation = await carol.hear()
    done("invited", sender=str(invitation["from"]), reason=invitation["muc"]["invite"]["reason"])

    await alice.muc.set_role(ROOM, "Bob", "visitor")
    await alice.muc.set_role(ROOM, "Bob", "participant")
    await alice.muc.set_affiliation(ROOM, "member", jid=carol.boundjid.bare)
    done("members", members=[str(j) for j in await alice.muc.get_affiliation_list(ROOM, "member")])
    try:
        await bob.muc.set_affiliation(ROOM, "outcast", jid=alice.boundjid.bare)
    except IqError as error:
        done("powerless", condition=error.iq["error"]["condition"])

    archive = [m async for m in bob["xep_0313"].iterate(jid=ROOM, rsm={"max": 1})]
    done("archive", bodies=[m["mam_result"]["forwarded"]["stanza"]["body"] for m in archive])
    await alice["xep_0425"].moderate(ROOM, archive[-1]["mam_result"]["id"], "spam")
    retracted = await bob.hear()
    while not retracted.xml.findall("{urn:xmpp:fasten:0}apply-to"):
        retracted = await bob.hear()
    done("moderated", id=retracted["apply_to"]["id"] == archive[-1]["mam_result"]["id"])

    gone = asyncio.get_event_loop().create_future()
    bob.add_event_handler(f"muc::{ROOM}::got_offline", lambda p: gone.done() or gone.set_result(p))
    await alice.muc.set_role(ROOM, "Bob", "none", reason="enough")
    done("kicked", statuses=sorted((await asyncio.wait_for(gone, 10))["muc"]["status_codes"]))
    await alice.muc.destroy(ROOM)
    await asyncio.gather(*(client.disconnect() for client in clients))


asyncio.get_event_loop().run_until_complete(asyncio.wait_for(main(), 50))
