// SIP.js 0.21 in Chromium through the server.
import { test } from 'vitest';
import { callBetween } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import { sharedTests, stage } from '../support/third-party-suite.ts';

describeWith(['chromium'], 'SIP.js', () => {
  const on = stage(['sipjs-phone']);
  sharedTests(on, 'sipjs-phone', 'sipjs-phone');

  test('registers and calls with digest in place of a credential at the handshake', async () => {
    const alice = await on.phone('sipjs-phone', 'alice', { digest: true });
    const bob = await on.phone('sipjs-phone', 'bob', { digest: true });
    const { calling, called } = await callBetween(alice, bob, on.address('bob'));
    await bob.expectMedia(called);
    await alice.hangUp(calling);
    await bob.until(new RegExp(`^ended ${called}`));
  });
});
