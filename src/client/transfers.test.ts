import { expect, test } from 'vitest';
import { Transfers } from './transfers.ts';

const changed: boolean[] = [];

function ask(): { transfers: Transfers; refer: string; done: Promise<void> } {
  const transfers: Transfers = new Transfers(() => changed.push(transfers.pending));
  let refer = '';
  const done = transfers.ask((name) => {
    refer = name;
  });
  return { transfers, refer, done };
}

const report = (refer: string, status: number) =>
  ({ type: 'referProgress', call: 'one', refer, status, reason: 'so it is', final: status >= 200 }) as const;

test('a transfer is pending until its last report, and is done with a 2xx', async () => {
  const { transfers, refer, done } = ask();
  expect(transfers.receive(report(refer, 180))).toEqual({ status: 180, reason: 'so it is', final: false });
  expect(transfers.pending).toBe(true);
  transfers.receive(report(refer, 200));
  await done;
  expect(transfers.pending).toBe(false);
  expect(changed).toEqual([true, false]);
});

test('a refused transfer rejects with what it was refused with', async () => {
  const { transfers, refer, done } = ask();
  transfers.receive(report(refer, 486));
  await expect(done).rejects.toMatchObject({ code: 'REJECTED', status: 486 });
});

test('a report of another transfer, or of one that is over, changes nothing', async () => {
  const { transfers, refer, done } = ask();
  transfers.receive(report('another', 200));
  expect(transfers.pending).toBe(true);
  transfers.receive(report(refer, 200));
  await done;
  expect(() => transfers.receive(report(refer, 500))).not.toThrow();
});

test('whoever was asked and hangs up has done it; a call that ends otherwise has not', async () => {
  const [hungUp, lost] = [ask(), ask()];
  hungUp.transfers.end('remote');
  lost.transfers.end('network');
  await hungUp.done;
  await expect(lost.done).rejects.toMatchObject({ code: 'WRONG_STATE' });
});

test('what cannot be asked leaves nothing pending', async () => {
  const transfers = new Transfers(() => {});
  const failed = transfers.ask(() => {
    throw new Error('no such target');
  });
  await expect(failed).rejects.toThrow('no such target');
  expect(transfers.pending).toBe(false);
});
