"""Files, pictures, cards and bookmarks as slixmpp has them; a line of JSON for each step that went as it should.

slixmpp-personal.py DOMAIN HOST PORT
"""
import asyncio
import io
import json
import sys

import aiohttp
import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.plugins.xep_0048.stanza import Bookmarks

domain, host, port = sys.argv[1:]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


class Client(slixmpp.ClientXMPP):
    def __init__(self, name):
        super().__init__(f"{name}@{domain}/slixmpp", f"{name}-password")
        for plugin in ("0030", "0004", "0048", "0054", "0060", "0084", "0115", "0153", "0163", "0172", "0223", "0363"):
            self.register_plugin(f"xep_{plugin}")
        self.ready = asyncio.get_event_loop().create_future()
        self.heard = asyncio.Queue()
        self.add_event_handler("session_start", self.started)
        for event in ("avatar_metadata_publish", "user_nick_publish"):
            self.add_event_handler(event, self.heard.put_nowait)
        self.connect((host, int(port)), disable_starttls=True)

    async def started(self, _):
        self["xep_0172"]  # its interest is among the features before they are hashed
        await self["xep_0115"].update_caps()
        self.send_presence()
        await self.get_roster()
        self.ready.set_result(True)

    async def hear(self):
        return await asyncio.wait_for(self.heard.get(), 10)


def done(step, **found):
    print(json.dumps({"step": step, **found}), flush=True)


def open_to_all(client):
    form = client["xep_0004"].make_form("submit")
    form.add_field(var="FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/pubsub#publish-options")
    form.add_field(var="pubsub#access_model", value="open")
    return form


async def main():
    alice, bob = clients = [Client(name) for name in ("alice", "bob")]
    await asyncio.wait_for(asyncio.gather(*(client.ready for client in clients)), 20)
    for one, other in ((alice, bob), (bob, alice)):
        one.send_presence(pto=other.boundjid.bare, ptype="subscribe")
    while not all("both" == one.client_roster[other.boundjid.bare]["subscription"] for one, other in ((alice, bob), (bob, alice))):
        await asyncio.sleep(0.05)

    await bob["xep_0172"].publish_nick("Bobby")
    told = await alice.hear()
    done("nick", sender=told["from"].bare, nick=told["pubsub_event"]["items"]["item"]["nick"]["nick"])
    await bob.hear()

    id = bob["xep_0084"].generate_id(PICTURE)
    await bob["xep_0084"].publish_avatar(PICTURE, options=open_to_all(bob))
    info = {"id": id, "type": "image/png", "bytes": len(PICTURE)}
    await bob["xep_0084"].publish_avatar_metadata(info, options=open_to_all(bob))
    told = await alice.hear()
    item = told["pubsub_event"]["items"]["item"]["avatar_metadata"]
    got = await alice["xep_0084"].retrieve_avatar(bob.boundjid.bare, id)
    data = got["pubsub"]["items"]["item"]["avatar_data"]["value"]
    done("avatar", announced=[i["id"] for i in item["items"]] == [id], same=data == PICTURE)
    card = await alice["xep_0054"].get_vcard(jid=bob.boundjid.bare)
    done("card", same=card["vcard_temp"]["PHOTO"]["BINVAL"] == PICTURE)

    bookmarks = Bookmarks()
    bookmarks.add_conference(f"cave@rooms.{domain}", "Bob", autojoin=True, name="A cave")
    await bob["xep_0223"].store(bookmarks, node="storage:bookmarks", id="current")
    kept = await bob["xep_0060"].get_item(None, "storage:bookmarks", "current")
    rooms = kept["pubsub"]["items"]["item"]["bookmarks"]["conferences"]
    try:
        await alice["xep_0060"].get_items(bob.boundjid.bare, "storage:bookmarks")
        secret = False
    except IqError:
        secret = True
    done("bookmarks", rooms=[str(room["jid"]) for room in rooms], secret=secret)

    # Its search of the domain's services passes coroutines to asyncio.wait, which Python 3.11 has forbidden.
    bob["xep_0363"].upload_service = slixmpp.JID(f"upload.{domain}")
    url = await bob["xep_0363"].upload_file("très cool.png", input_file=io.BytesIO(PICTURE), size=len(PICTURE), content_type="image/png")
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            done("upload", status=answer.status, type=answer.headers["content-type"], same=await answer.read() == PICTURE)

    for client in clients:
        await client.disconnect()


asyncio.get_event_loop().run_until_complete(main())
