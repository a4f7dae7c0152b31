// The whole server on PostgreSQL: killed without warning, with the database killed, with the database away.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { NS } from '../../src/protocol/xmpp/namespaces.ts';
import { chatMessage, countBodies, killUnderLoad, logIn } from '../support/acknowledged-load.ts';
import { type Chappe, runChappe, startChappe } from '../support/chappe.ts';
import { overUdp } from '../support/line.ts';
import { describeWith } from '../support/peer.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { status, User } from '../support/user.ts';
import type { XmppClient } from '../support/xmpp-client.ts';

describeWith(['postgres'], 'the server on PostgreSQL', () => {
  let postgres: Postgres;
  let folder: string;
  let url: string;
  let server: Chappe | undefined;
  const clients: XmppClient[] = [];

  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.remove());

  async function start(): Promise<Chappe> {
    folder ??= mkdtempSync(join(tmpdir(), 'chappe-folder-'));
    url ??= postgres.database();
    server = await startChappe({ data: url, config: { folder } });
    return server;
  }

  async function login(name: string): Promise<XmppClient> {
    const client = await logIn(server as Chappe, name);
    clients.push(client);
    return client;
  }

  const archived = (owner: string) =>
    countBodies(postgres.query(url, `select stanza from archive where owner = '${owner}'`).split('\n'));

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await server?.stop();
    server = undefined;
    if (folder) rmSync(folder, { recursive: true, force: true });
    folder = url = undefined as never;
  });

  test('messages that were acknowledged survive kill -9 in the middle of a load, once each, 20 times of 20', async () => {
    const acknowledged: string[] = [];
    for (let round = 0; round < 20; round++) {
      acknowledged.push(...(await killUnderLoad(await start(), round)));
      for (const owner of ['alice@example.test', 'bob@example.test']) {
        const counts = archived(owner);
        expect(
          acknowledged.filter((body) => counts.get(body) !== 1),
          `${owner} in round ${round}`,
        ).toEqual([]);
      }
    }
    expect(acknowledged.length).toBeGreaterThan(1_000);
  }, 240_000);

  test('messages that were acknowledged survive the end of the database in the middle of a load, once each', async () => {
    await start();
    const alice = await login('alice');
    alice.write(`<enable xmlns='${NS.SM}'/>`);
    await alice.next((element) => element.is('enabled', NS.SM));
    const sent: string[] = [];
    const refused = new Set<string>();
    let handled = 0;
    const look = () => {
      for (const { name, attributes } of alice.received.splice(0))
        if (name === 'a') handled = Number(attributes['h']);
        else if (attributes['type'] === 'error') refused.add(attributes['id'] ?? '');
    };
    const write = async (until: () => boolean) => {
      while (!until()) {
        for (let i = 0; i < 5; i++) {
          sent.push(`m${sent.length}`);
          alice.write(chatMessage(sent.at(-1) as string));
        }
        alice.write(`<r xmlns='${NS.SM}'/>`);
        await new Promise((resolve) => setTimeout(resolve, sent.length - handled > 200 ? 5 : 0));
        look();
      }
    };
    for (let round = 0; round < 5; round++) {
      const before = handled;
      const refusals = refused.size;
      await write(() => handled > before + 50 + 37 * round);
      const stopped = postgres.stop('SIGQUIT'); // nothing is written any more: it recovers from its log
      await write(() => refused.size > refusals);
      await stopped;
      await postgres.start();
    }
    await write(() => handled > 700 && !refused.has(sent[handled - 1] as string));
    await alice.settle();
    look();
    const counts = archived('bob@example.test');
    const kept = sent.slice(0, handled).filter((body) => !refused.has(body));
    expect(kept.length).toBeGreaterThan(400);
    expect(kept.filter((body) => counts.get(body) !== 1)).toEqual([]);
    expect([...counts].filter(([body, count]) => body !== '' && count !== 1)).toEqual([]);
  }, 120_000);

  test('while the database is away messages are refused with "wait", calls go on, and it recovers by itself', async () => {
    await start();
    const [alice, bob] = [await login('alice'), await login('bob')];
    bob.write('<presence/>');
    await bob.settle();
    alice.write(chatMessage('before'));
    await bob.next((stanza) => stanza.childText('body') === 'before');

    await postgres.stop();
    alice.write(chatMessage('lost'));
    const refused = await alice.next(({ attributes: { id, type } }) => id === 'lost' && type === 'error');
    expect(refused.child('error')?.attributes['type']).toBe('wait');
    // What needs no database goes on: typing, sign-ins, signalling.
    alice.write(`<message to='bob@example.test' type='chat'><composing xmlns='${NS.CHAT_STATES}'/></message>`);
    await bob.next((stanza) => stanza.child('composing', NS.CHAT_STATES) !== undefined);
    const carol = await login('carol');
    carol.write('<presence/>');
    expect((await carol.next(({ name }) => name === 'presence')).child('error')?.attributes['type']).toBe('wait');
    const line = await overUdp('127.0.0.1', server!.sip('udp').port);
    const phone = new User(line, { name: 'dave', domain: 'example.test', password: 'dave-password' });
    // A phone on UDP is promised what only the store can keep: it is told so at once, and tries again.
    expect(status(await phone.register())).toBeGreaterThanOrEqual(500);

    await postgres.start();
    carol.write('<presence/>');
    await carol.next(({ name, attributes: { type } }) => name === 'presence' && type === undefined);
    alice.write(chatMessage('after'));
    await bob.next((stanza) => stanza.childText('body') === 'after');
    expect(status(await phone.register())).toBe(200);
    line.close();
    expect([...archived('bob@example.test').keys()].filter(Boolean)).toEqual(['before', 'after']);
    expect(bob.received.some((stanza) => stanza.childText('body') === 'lost')).toBe(false);
  }, 60_000);

  test('a database that hangs does not keep the server from ending', async () => {
    await start();
    const [alice, bob] = [await login('alice'), await login('bob')];
    bob.write('<presence/>');
    await bob.settle();
    alice.write(chatMessage('before'));
    await bob.next((stanza) => stanza.childText('body') === 'before');
    const wake = postgres.freeze();
    try {
      for (let i = 0; i < 50; i++) alice.write(chatMessage(`lost${i}`));
      await alice.settle();
      server!.program.kill();
      expect(await server!.program.exited).toBe(0);
    } finally {
      wake();
    }
  }, 30_000);

  test('an account that another process adds can sign in; keys stay in the folder; a wrong one is noticed', async () => {
    await start();
    const config = server!.config;
    const added = await runChappe([
      'account',
      'add',
      'zoe',
      '--config',
      config,
      '--data',
      url,
      '--password',
      'zoe-password',
    ]);
    expect(added).toMatchObject({ code: 0 });
    await expect
      .poll(
        () =>
          login('zoe').then(
            () => true,
            () => false,
          ),
        { timeout: 5_000 },
      )
      .toBe(true);
    expect(postgres.query(url, `select count(*) from account where name = 'zoe'`).trim()).toBe('1');
    expect(await runChappe(['start', '--config', config, '--data', url])).toMatchObject({
      code: 1,
      output: expect.stringContaining('another server is using'),
    });
    await server!.program.stop();
    rmSync(join(folder, 'seal.key'));
    const refused = await runChappe(['account', 'list', '--config', config, '--data', url]);
    expect(refused.code).toBe(1);
    expect(refused.output).toContain('not the key that this database was sealed with');
  }, 60_000);

  test('without its database the server says so and does not start', async () => {
    folder = mkdtempSync(join(tmpdir(), 'chappe-folder-'));
    const config = join(folder, 'chappe.yaml');
    writeFileSync(config, `data: postgres://chappe:secret@127.0.0.1:1/chappe\nfolder: ${folder}\n`);
    const { code, output } = await runChappe(['start', '--config', config]);
    expect(code).toBe(1);
    expect(output).toMatch(/ECONNREFUSED/);
    expect(output).not.toContain('secret');
  });
});
