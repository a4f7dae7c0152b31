import { decodeUtf8, encodeUtf8 } from '../../protocol/byte-string.ts';
import { ephemeralPassword, parseEphemeralUsername, verifyEphemeral } from '../../protocol/credentials/ephemeral.ts';
import { type Primitives, toHex } from '../../protocol/primitives.ts';
import type { AccountStore, StoredAccount } from '../../storage/ports.ts';
import type { Identity } from '../../transport/flow.ts';
import { canonicalName, canonicalUser, GUEST_PREFIX } from './canonical-name.ts';
import { isMadeOf, isPassword, type Material, makeMaterial, passwordFault, type ScramKeys } from './material.ts';
import type { Seal } from './seal.ts';
import type { DigestAlgorithm, SipAccounts } from './sip-accounts.ts';

export interface AccountsOptions {
  store: AccountStore;
  seal: Seal;
  /** The realm of digest, and what may stand after the @ of an ephemeral name. */
  domain: string;
  /** Of ephemeral credentials: the first issues, all are accepted. */
  secrets: readonly string[];
  primitives: Primitives;
}

interface Account {
  stored: StoredAccount;
  material?: Material;
}

/** An answer to `account add` that is not yes. */
export class AccountError extends Error {
  readonly code: 'ACCOUNT_NAME_INVALID' | 'ACCOUNT_EXISTS' | 'ACCOUNT_OWNS_DATA' | 'ACCOUNT_PASSWORD_INVALID';

  constructor(code: AccountError['code'], message: string) {
    super(message);
    this.name = 'AccountError';
    this.code = code;
  }
}

/** Milliseconds for which a name stays unknown; less than `account add` takes to end. */
const UNKNOWN_AGAIN = 20;

/**
 * The accounts, all of them in memory, so that SIP can ask inside a transition. What another process writes (`account
 * add` beside a running server) is seen at once for a name that was unknown, and at the next `refresh` otherwise.
 */
export class Accounts implements SipAccounts {
  readonly domain: string;
  readonly #store: AccountStore;
  readonly #seal: Seal;
  readonly #primitives: Primitives;
  readonly #accounts = new Map<string, Account>();
  #secrets: string[] = [];
  #version = -1;
  /** When an unknown name last made us look (milliseconds, monotonic). */
  #looked = Number.NEGATIVE_INFINITY;
  #revision = 0;

  constructor(options: AccountsOptions) {
    this.domain = options.domain;
    this.#store = options.store;
    this.#seal = options.seal;
    this.#primitives = options.primitives;
    this.secrets = options.secrets;
    this.refresh();
  }

  /** Text; kept as byte strings. */
  set secrets(secrets: readonly string[]) {
    this.#secrets = secrets.map(encodeUtf8);
  }

  get size(): number {
    return this.#accounts.size;
  }

  /** Takes in what was written since, by this process or another; false: nothing was. */
  refresh(): boolean {
    const version = this.#store.version();
    if (version === this.#version) return false;
    this.#version = version;
    const changed = this.#store.changedSince(this.#revision);
    for (const stored of changed) {
      this.#accounts.set(stored.name, { stored });
      this.#revision = Math.max(this.#revision, stored.revision);
    }
    return changed.length > 0;
  }

  exists(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  identity(name: string): Identity | undefined {
    const account = this.#find(name);
    return account && { name, account: true, admin: account.stored.admin };
  }

  list(): Array<{ name: string; admin: boolean; created: number }> {
    this.refresh();
    return [...this.#accounts.values()]
      .map(({ stored: { name, admin, created } }) => ({ name, admin, created }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  canonicalName(user: string): string | undefined {
    return canonicalUser(user);
  }

  digestSecrets(username: string, realm: string, algorithm: DigestAlgorithm, now: number) {
    const ephemeral = parseEphemeralUsername(username);
    if (ephemeral !== undefined) {
      const identity = ephemeral.expires * 1000 > now ? this.#ephemeralIdentity(ephemeral) : undefined;
      if (identity === undefined) return undefined;
      const ha1 = this.#secrets.map((secret) => {
        const password = ephemeralPassword(this.#primitives, secret, username);
        const name = algorithm === 'MD5' ? 'md5' : 'sha256';
        return toHex(this.#primitives.hash(name, `${username}:${realm}:${password}`));
      });
      return ha1.length === 0 ? undefined : { ha1, identity };
    }
    const form = decodeUtf8(username);
    if (form === undefined) return undefined;
    const suffix = `@${this.domain}`;
    const name = canonicalName(form.endsWith(suffix) ? form.slice(0, -suffix.length) : form);
    const account = name === undefined ? undefined : this.#find(name);
    if (name === undefined || account === undefined) return undefined;
    const material = this.#material(account);
    const ha1 = material.realm === realm ? (material.ha1[form] ?? material.ha1[name])?.[algorithm] : undefined;
    return ha1 === undefined
      ? undefined
      : { ha1: [ha1], identity: { name, account: true, admin: account.stored.admin } };
  }

  /** Keys of an account (RFC 5802 section 3), by its canonical name. */
  scramKeys(name: string, hash: keyof Material['scram']): ScramKeys | undefined {
    const account = this.#find(name);
    return account && this.#material(account).scram[hash];
  }

  /** What proves an ephemeral username (text), one password for each secret in use; undefined: it is none, or has expired. */
  ephemeralPasswords(username: string, now: number): { passwords: string[]; identity: Identity } | undefined {
    const ephemeral = parseEphemeralUsername(encodeUtf8(username));
    if (ephemeral === undefined || ephemeral.expires * 1000 <= now) return undefined;
    const identity = this.#ephemeralIdentity(ephemeral);
    const password = (secret: string) => ephemeralPassword(this.#primitives, secret, encodeUtf8(username));
    return identity && { passwords: this.#secrets.map(password), identity };
  }

  verifyCredential(username: string, password: string, now: number): Identity | undefined {
    const proved = verifyEphemeral(this.#primitives, this.#secrets, encodeUtf8(username), password, now / 1000);
    return proved && this.#ephemeralIdentity(proved);
  }

  /** The proof is the credential: its name needs no account, and never makes an administrator. */
  #ephemeralIdentity({ name, expires }: { name: string; expires: number }): Identity | undefined {
    const suffix = `@${this.domain}`; // COMPAT: Kamailio's web services put the whole address into the username
    const canonical = canonicalUser(name.endsWith(suffix) ? name.slice(0, -suffix.length) : name);
    if (canonical === undefined) return undefined;
    return { name: canonical, account: this.exists(canonical), admin: false, expires };
  }

  /** Web sign-in. The same work, and the same answer, for a wrong password and for an account that is not there. */
  async signIn(name: string, password: string): Promise<Identity | undefined> {
    const canonical = canonicalName(name);
    const account = canonical === undefined ? undefined : this.#find(canonical);
    const fit = passwordFault(password) === undefined;
    const proved = await isPassword(account && this.#material(account), fit ? password : '-');
    if (!proved || !fit || canonical === undefined || account === undefined) return undefined;
    // The password is at hand: material of another realm (the domain was changed) can be made anew.
    if (this.#material(account).realm !== this.domain)
      await this.#save(canonical, password, account.stored.admin, false);
    return { name: canonical, account: true, admin: account.stored.admin };
  }

  /** Accounts whose digest material is of another realm (the domain was changed), so that no phone can use it. */
  ofAnotherDomain(): string[] {
    return [...this.#accounts.values()]
      .filter((account) => this.#material(account).realm !== this.domain)
      .map(({ stored }) => stored.name)
      .sort();
  }

  /** Adds an account, durably. `adopt`: even though something is kept for that name already. */
  async add(name: string, password: string, options: { admin?: boolean; adopt?: boolean } = {}): Promise<string> {
    const canonical = canonicalName(name);
    if (canonical === undefined || canonical.startsWith(GUEST_PREFIX)) {
      throw new AccountError(
        'ACCOUNT_NAME_INVALID',
        `A name has no spaces and none of " & ' / : < > @ %, and does not begin with ${GUEST_PREFIX}`,
      );
    }
    const fault = passwordFault(password);
    if (fault !== undefined)
      throw new AccountError('ACCOUNT_PASSWORD_INVALID', `${fault.charAt(0).toUpperCase()}${fault.slice(1)}.`);
    if (this.exists(canonical))
      throw new AccountError('ACCOUNT_EXISTS', `There is an account named ${canonical} already.`);
    if (!options.adopt && (await this.#store.ownsData(canonical, `${canonical}@${this.domain}`))) {
      throw new AccountError(
        'ACCOUNT_OWNS_DATA',
        `Something is stored for ${canonical} already: --adopt gives it to the new account.`,
      );
    }
    const sealed = await this.#sealed(canonical, password);
    if (!(await this.#store.add({ name: canonical, admin: options.admin ?? false, sealed })))
      throw new AccountError('ACCOUNT_EXISTS', `There is an account named ${canonical} already.`);
    this.refresh();
    return canonical;
  }

  /** Accounts of the configuration: created, or updated where the password or the realm is another. */
  async configure(accounts: ReadonlyArray<{ name: string; password: string; admin: boolean }>): Promise<number> {
    const changed = accounts.filter(({ name, password, admin }) => {
      const account = this.#find(name);
      return (
        !account || account.stored.admin !== admin || !isMadeOf(this.#material(account), name, password, this.domain)
      );
    });
    await Promise.all(changed.map(({ name, password, admin }) => this.#save(name, password, admin, this.exists(name))));
    this.refresh();
    return changed.length;
  }

  async #save(name: string, password: string, admin: boolean, endSessions: boolean): Promise<void> {
    await this.#store.save({ name, admin, sealed: await this.#sealed(name, password), endSessions });
    this.refresh();
  }

  async #sealed(name: string, password: string): Promise<Buffer> {
    return this.#seal.seal(`account ${name}`, JSON.stringify(await makeMaterial(name, password, this.domain)));
  }

  #find(name: string): Account | undefined {
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    // A name unknown here may have been added by another process; but names that nobody has come by the thousand.
    const now = performance.now();
    if (now - this.#looked < UNKNOWN_AGAIN) return undefined;
    this.#looked = now;
    return this.refresh() ? this.#accounts.get(name) : undefined;
  }

  #material(account: Account): Material {
    account.material ??= JSON.parse(
      this.#seal.open(`account ${account.stored.name}`, account.stored.sealed),
    ) as Material;
    return account.material;
  }
}
