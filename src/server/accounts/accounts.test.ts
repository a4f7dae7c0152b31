import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeEphemeral } from '../../protocol/credentials/ephemeral.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../storage/embedded/store.ts';
import { primitives } from '../../transport/primitives.ts';
import { Accounts } from './accounts.ts';
import { Seal } from './seal.ts';
import { secretFile } from './secret-file.ts';

let folder: string;
let store: EmbeddedStore;
let accounts: Accounts;

function open(overrides: Partial<ConstructorParameters<typeof Accounts>[0]> = {}): Accounts {
  return new Accounts({
    store: store.accounts,
    seal: new Seal('key'),
    domain: 'example.test',
    secrets: ['new', 'old'],
    primitives,
    ...overrides,
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'chappe-accounts-'));
  store = await openEmbeddedStore(join(folder, 'data'));
  accounts = open();
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('an account’s digest secret is HA1 for its realm, by both algorithms, however the phone writes the name', async () => {
  expect(await accounts.add('Alice', 'secret1')).toBe('alice');
  for (const form of ['alice', 'Alice', 'ALICE', 'alice@example.test']) {
    expect(accounts.digestSecrets(form, 'example.test', 'MD5', 0)).toEqual({
      ha1: [md5(`${form}:example.test:secret1`)],
      identity: { name: 'alice', account: true, admin: false },
    });
    expect(accounts.digestSecrets(form, 'example.test', 'SHA-256', 0)?.ha1).toEqual([
      sha256(`${form}:example.test:secret1`),
    ]);
  }
  expect(accounts.digestSecrets('alice', 'other.test', 'MD5', 0)).toBeUndefined();
  expect(accounts.digestSecrets('bob', 'example.test', 'MD5', 0)).toBeUndefined();
  expect(accounts.digestSecrets('alice@other.test', 'example.test', 'MD5', 0)).toBeUndefined();
});

test('an ephemeral username has one digest secret for each secret in use, and none after its expiry', () => {
  const username = '1000:alice';
  const found = accounts.digestSecrets(username, 'example.test', 'MD5', 999_999);
  const passwords = ['new', 'old'].map((secret) => makeEphemeral(primitives, secret, 'alice', 1000).password);
  expect(found?.ha1).toEqual(passwords.map((password) => md5(`${username}:example.test:${password}`)));
  expect(found?.identity).toEqual({ name: 'alice', account: false, admin: false, expires: 1000 });
  expect(accounts.digestSecrets(username, 'example.test', 'MD5', 1_000_000)).toBeUndefined();
});

test('an ephemeral credential is its account, never an administrator, and needs no account', async () => {
  await accounts.add('alice', 'secret1', { admin: true });
  const now = 500_000;
  const of = (name: string, secret = 'old') => {
    const { username, password } = makeEphemeral(primitives, secret, name, 1000);
    return accounts.verifyCredential(username, password, now);
  };
  expect(of('Alice')).toEqual({ name: 'alice', account: true, admin: false, expires: 1000 });
  expect(of('alice@example.test')?.name).toBe('alice');
  expect(of('alice@other.test')).toBeUndefined();
  expect(of('visitor', 'new')).toEqual({ name: 'visitor', account: false, admin: false, expires: 1000 });
  expect(of('visitor', 'else')).toBeUndefined();
  expect(of('a b')).toBeUndefined();
  expect(accounts.verifyCredential('alice', 'secret1', now)).toBeUndefined();
  accounts.secrets = ['newest'];
  expect(of('visitor', 'new')).toBeUndefined();
  expect(of('visitor', 'newest')).toBeDefined();
});

test('an ephemeral name beyond ASCII is proved over its UTF-8', () => {
  const { username, password } = makeEphemeral(primitives, 'new', 'ang\u00c3\u00a9lique', 1000);
  expect(accounts.verifyCredential('1000:angélique', password, 0)?.name).toBe('angélique');
  expect(accounts.digestSecrets(username, 'example.test', 'MD5', 0)?.identity.name).toBe('angélique');
});

test('an ephemeral name is percent-decoded once and folded, as in a SIP URI', () => {
  for (const [name, canonical] of [
    ['Alice', 'alice'],
    ['%61lice', 'alice'],
    ['%41LICE', 'alice'],
    ['ang%C3%A9lique@example.test', 'angélique'],
    ['%2561lice', undefined],
    ['%6', undefined],
    ['a%20b', undefined],
    ['a%3Ab', undefined],
    ['%FF', undefined],
  ] as const) {
    const { username, password } = makeEphemeral(primitives, 'new', name, 1000);
    expect(accounts.verifyCredential(username, password, 0)?.name, name).toBe(canonical);
    expect(accounts.digestSecrets(username, 'example.test', 'MD5', 0)?.identity.name, name).toBe(canonical);
  }
});

test('signing in wants the password, and says nothing about why it fails', async () => {
  await accounts.add('alice', 'secrét pass', { admin: true });
  expect(await accounts.signIn('Alice', 'secre\u0301t\u00a0pass')).toEqual({
    name: 'alice',
    account: true,
    admin: true,
  });
  for (const [name, password] of [
    ['alice', 'secret'],
    ['alice', ''],
    ['nobody', 'secrét pass'],
    ['a b', 'x'],
    ['', ''],
    ['alice', 'x'.repeat(5000)],
  ])
    expect(await accounts.signIn(name!, password!)).toBeUndefined();
});

test('a name is refused when it is taken, reserved, no name, or owns data', async () => {
  await accounts.add('alice', 'x');
  await expect(accounts.add('ALICE', 'y')).rejects.toMatchObject({ code: 'ACCOUNT_EXISTS' });
  await expect(accounts.add('guest.bob', 'y')).rejects.toMatchObject({ code: 'ACCOUNT_NAME_INVALID' });
  await expect(accounts.add('a b', 'y')).rejects.toMatchObject({ code: 'ACCOUNT_NAME_INVALID' });
  await expect(accounts.add('bob', '')).rejects.toMatchObject({ code: 'ACCOUNT_PASSWORD_INVALID' });
  await store.bindings.save('bob', [{ id: '1', expires: Date.now() + 1e6, data: '{}' }]);
  await expect(accounts.add('bob', 'y')).rejects.toMatchObject({ code: 'ACCOUNT_OWNS_DATA' });
  expect(await accounts.add('bob', 'y', { adopt: true })).toBe('bob');
});

test('an account that another process adds is there at once', async () => {
  expect(accounts.exists('carol')).toBe(false);
  const other = await openEmbeddedStore(join(folder, 'data'));
  await open({ store: other.accounts }).add('carol', 'x');
  await other.close();
  expect(accounts.exists('carol')).toBe(true);
  expect(accounts.digestSecrets('carol', 'example.test', 'MD5', 0)).toBeDefined();
});

test('accounts of the configuration are created, left alone, and updated', async () => {
  const list = [
    { name: 'alice', password: 'one', admin: false },
    { name: 'bob', password: 'two', admin: true },
  ];
  expect(await accounts.configure(list)).toBe(2);
  expect(await accounts.configure(list)).toBe(0);
  await store.sessions.add({ hash: Buffer.alloc(32), name: 'alice', expires: Date.now() + 1e6 }, 5);
  expect(await accounts.configure([{ name: 'alice', password: 'three', admin: false }])).toBe(1);
  expect(await accounts.signIn('alice', 'three')).toBeDefined();
  expect(await accounts.signIn('alice', 'one')).toBeUndefined();
  expect(store.sessions.find(Buffer.alloc(32), Date.now())).toBeUndefined();
  expect(accounts.list().map(({ name, admin }) => [name, admin])).toEqual([
    ['alice', false],
    ['bob', true],
  ]);
});

test('after the domain has changed a sign-in makes the digest secrets anew', async () => {
  await accounts.add('alice', 'x');
  const moved = open({ domain: 'new.test' });
  expect(moved.digestSecrets('alice', 'new.test', 'MD5', 0)).toBeUndefined();
  expect(moved.ofAnotherDomain()).toEqual(['alice']);
  expect(await moved.signIn('alice', 'x')).toBeDefined();
  expect(moved.digestSecrets('alice', 'new.test', 'MD5', 0)?.ha1).toEqual([md5('alice:new.test:x')]);
  expect(moved.ofAnotherDomain()).toEqual([]);
});

test('no file of the data folder holds a password or its HA1', async () => {
  await accounts.add('alice', 'correct-horse-battery');
  for (const file of readdirSync(join(folder, 'data'))) {
    const octets = readFileSync(join(folder, 'data', file));
    for (const needle of [
      'correct-horse-battery',
      md5('alice:example.test:correct-horse-battery'),
      sha256('alice:example.test:correct-horse-battery'),
    ])
      expect(octets.includes(needle), file).toBe(false);
  }
});

test('sealed material opens with its key and for its account only', () => {
  const seal = new Seal('key');
  const sealed = seal.seal('account alice', 'text');
  expect(seal.open('account alice', sealed)).toBe('text');
  expect(() => seal.open('account bob', sealed)).toThrow();
  expect(() => new Seal('other').open('account alice', sealed)).toThrow();
  for (let i = 0; i < sealed.length; i++) {
    const bent = Buffer.from(sealed);
    bent[i]! ^= 1;
    expect(() => seal.open('account alice', bent)).toThrow();
  }
});

test('a secret file is made once, for its owner only', () => {
  const file = join(folder, 'auth.secret');
  const secret = secretFile(file);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(secretFile(file)).toBe(secret);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder).sort()).toEqual(['auth.secret', 'data']);
});
