// Short calls, one after another: what they leave behind and how long they take. `node bench/media-calls.ts [calls]`.
// A call: a browser's offer, the answers of a phone that forked, DTLS begun and never finished, hang-up.
import { readdirSync } from 'node:fs';
import { browserDescription, phoneDescription } from '../test/support/relay-descriptions.ts';
import { BROWSER, LOOPBACK, PHONE, SocketWorld, sendsTo, until } from '../test/support/socket-world.ts';

const CALLS = Number(process.argv[2] ?? 10_000);
const AT_ONCE = 20;

const world = await SocketWorld.open({ pairs: 200 });
const browsers = await Promise.all(Array.from({ length: AT_ONCE }, () => world.peer()));

async function short(browser: (typeof browsers)[number]): Promise<void> {
  const branch = world.branch(BROWSER, PHONE, 'alice');
  await branch.offer('caller', browserDescription());
  const fork = branch.fork(() => {});
  const answer = await branch.answer('callee', phoneDescription({ address: LOOPBACK }));
  await fork.answer('callee', phoneDescription({ address: LOOPBACK, port: 6000 }));
  branch.confirm();
  const before = browser.stun.length;
  // Once more after a while, as browsers do: a datagram may be lost.
  const check = () => sendsTo(browser, answer).check(answer);
  const again = setInterval(check, 100);
  check();
  await until(() => browser.stun.length > before);
  clearInterval(again);
  await Promise.all([branch.close(), fork.close()]);
}

function report(done: number, since: number): void {
  const { rss } = process.memoryUsage();
  console.log({
    calls: done,
    'ms a call': ((performance.now() - since) / done).toFixed(2),
    MB: (rss / 1e6).toFixed(0),
    descriptors: readdirSync('/proc/self/fd').length,
    held: JSON.stringify(world.held()),
  });
}

const since = performance.now();
for (let done = 0; done < CALLS; ) {
  await Promise.all(browsers.map(short));
  done += AT_ONCE;
  for (const browser of browsers) browser.stun.length = browser.datagrams.length = 0;
  if (done % (CALLS / 5) < AT_ONCE) report(done, since);
}
await world.close();
