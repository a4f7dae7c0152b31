// JsSIP 3.13 in Chromium through the server.
import { expect, test } from 'vitest';
import { callBetween } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import { sharedTests, stage } from '../support/third-party-suite.ts';
import { XmppUser } from '../support/xmpp-user.ts';

describeWith(['chromium'], 'JsSIP', () => {
  const on = stage(['jssip-phone']);
  sharedTests(on, 'jssip-phone', 'jssip-phone');

  test('registers and calls with digest in place of a credential at the handshake', async () => {
    const alice = await on.phone('jssip-phone', 'alice', { digest: true });
    const bob = await on.phone('jssip-phone', 'bob', { digest: true });
    const { calling, called } = await callBetween(alice, bob, on.address('bob'));
    await bob.expectMedia(called);
    await alice.hangUp(calling);
    await bob.until(new RegExp(`^ended ${called}`));
  });

  test('refreshes its session within the interval, and the call goes on', async () => {
    const alice = await on.phone('jssip-phone', 'alice', { sessionExpires: 4 });
    const bob = await on.phone('jssip-phone', 'bob', { sessionExpires: 4 });
    const { calling, called } = await callBetween(alice, bob, on.address('bob'));
    // UPDATE comes at half of the interval, from whoever was made the refresher.
    const refreshed = Promise.any([alice.until(/^refreshed/), bob.until(/^refreshed/)]);
    await refreshed;
    const from = [await alice.mark(), await bob.mark()] as const;
    await Promise.any([alice.until(/^refreshed/, from[0]), bob.until(/^refreshed/, from[1])]);
    await bob.expectMedia(called);
    await alice.hangUp(calling);
    expect(await bob.until(new RegExp(`^ended ${called}`))).toContain('Terminated');
  });

  test('writes with somebody on an XMPP client, once on every device and once in the archive', async () => {
    const [alice, tablet] = [await on.phone('jssip-phone', 'alice'), await on.phone('jssip-phone', 'alice')];
    const bob = await XmppUser.signIn({ ws: on.server().ready.ws, name: 'bob' });
    try {
      expect(await alice.message(on.address('bob'), 'Où es-tu ?')).toBe(200);
      const message = await bob.message('Où es-tu ?');
      bob.say(message.attrs['from'] as string, 'À Lille');
      await alice.until(/^message À Lille$/);
      await tablet.until(/^message À Lille$/);
      expect((await bob.archive()).slice(-2)).toEqual(['Où es-tu ?', 'À Lille']);
      expect((await bob.archive()).filter((text) => text === 'Où es-tu ?')).toHaveLength(1);
      expect(bob.count('Où es-tu ?')).toBe(1);
      expect(await alice.message(on.address('carol'), 'later')).toBe(202);
    } finally {
      await bob.close();
    }
  });
});
