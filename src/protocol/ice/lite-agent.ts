// RFC 8445 section 2.5: an ICE-lite agent, of one component. It sends no checks, so it is always the controlled one, and what
// it knows of the peer's addresses comes from the peer's checks alone. Sans-I/O: outputs as in machine.ts.
import type { ByteString } from '../byte-string.ts';
import type { Primitives } from '../primitives.ts';
import { USERNAME } from '../stun/attributes.ts';
import { appendFingerprint } from '../stun/fingerprint.ts';
import { attribute, BINDING, type StunMessage, serializeStun } from '../stun/message.ts';
import {
  appendIntegrity,
  checkIntegrity,
  coveredByIntegrity,
  type IntegrityHash,
  integrityOf,
} from '../stun/message-integrity.ts';
import { type CandidatePair, dueOf, keyOf, rank } from './candidate-pair.ts';
import { refuseCheck, splitUsername, USE_CANDIDATE } from './check.ts';
import { mappedAddress, parseRequest, refusalOf } from './check-answer.ts';
import type { IceCredentials } from './credentials.ts';
import type { IceOutput, IcePath, LiteOptions } from './lite-options.ts';

/** One description's credentials; a restart makes the next. */
interface Generation {
  number: number;
  local: IceCredentials;
  remoteUfrag: ByteString | undefined;
}

const DEFAULT_CONSENT = 30_000;
const DEFAULT_PAIRS = 16;

/**
 * Laws.
 * 1. Nothing but a check that our password authenticates changes anything.
 * 2. The newest nomination is selected: a peer that roams nominates where it is now.
 * 3. After a restart both sets of credentials hold, until a pair of the new one is nominated; then the old one is forgotten
 *    (RFC 8445 section 9: media goes on the old way until then). Its pairs may be heard for a while, but not sent to.
 * 4. A pair lives as long as checks come on it (RFC 7675: the peer's consent checks are our sign as well).
 */
export class LiteAgent {
  private readonly primitives: Primitives;
  private readonly consent: number;
  private readonly most: number;
  private current: Generation;
  private previous: Generation | undefined;
  private readonly pairs = new Map<string, CandidatePair>();
  private selectedPair: CandidatePair | undefined;
  private timerIsSet = false;
  private outputs: IceOutput[] = [];

  constructor(options: LiteOptions) {
    this.primitives = options.primitives;
    this.consent = options.consent ?? DEFAULT_CONSENT;
    this.most = options.pairs ?? DEFAULT_PAIRS;
    this.current = { number: 0, local: options.local, remoteUfrag: options.remoteUfrag };
  }

  /** Ours for the next description. */
  get local(): IceCredentials {
    return this.current.local;
  }

  /** Where to send; undefined: nowhere yet, or not any more. */
  get selected(): IcePath | undefined {
    return this.selectedPair?.path;
  }

  get validPaths(): IcePath[] {
    return [...this.pairs.values()].map(({ path }) => path);
  }

  isValid(path: IcePath): boolean {
    return this.pairs.has(keyOf(path));
  }

  /** Whether a check of these fragments is for this agent; `remote` undefined asks for ours alone. */
  answersTo(local: ByteString, remote?: ByteString): boolean {
    return this.generationOf(local, remote) !== undefined;
  }

  /** Whether just these two fragments are known to belong together. */
  expects(local: ByteString, remote: ByteString): boolean {
    return this.generationOf(local, remote)?.remoteUfrag === remote;
  }

  /** The peer's description came. */
  expect(remoteUfrag: ByteString): void {
    this.current.remoteUfrag = remoteUfrag;
  }

  /** RFC 8445 section 9: new credentials of ours; the peer's are those of its next description. */
  restart(local: IceCredentials, remoteUfrag?: ByteString): void {
    // Of two restarts before a nomination, the pairs in use are of the oldest: it is the one to be kept.
    if (this.previous === undefined || this.hasPairOf(this.current.number)) this.previous = this.current;
    this.current = { number: this.current.number + 1, local, remoteUfrag };
  }

  /** One STUN message that came on this path. What is no request gets silence: keep-alive indications, and strays. */
  receive(octets: Uint8Array, path: IcePath, now: number): IceOutput[] {
    const request = parseRequest(octets);
    if (request !== undefined) this.receiveRequest(octets, request, path, now);
    return this.take();
  }

  timer(_name: 'consent', now: number): IceOutput[] {
    this.timerIsSet = false;
    for (const pair of this.pairs.values()) if (now >= dueOf(pair, this.consent)) this.discard(pair);
    if (this.selectedPair !== undefined && !this.pairs.has(keyOf(this.selectedPair.path))) {
      this.selectedPair = undefined;
      const next = this.newest((pair) => pair.nominated);
      if (next) this.select(next);
      else this.outputs.push({ type: 'event', event: { type: 'consentLost' } });
    }
    this.setTimer(now);
    return this.take();
  }

  private receiveRequest(octets: Uint8Array, request: StunMessage, path: IcePath, now: number): void {
    // 1. RFC 8489 section 9.1.3: short-term credentials.
    const hash = integrityOf(request);
    const generation = hash === undefined ? 400 : this.authenticate(octets, request, hash);
    if (hash === undefined || typeof generation === 'number') {
      this.send(refuseCheck(octets, typeof generation === 'number' ? generation : 400), path);
      return;
    }
    // 2. What the answer is. It has the integrity of the request's kind.
    const check = coveredByIntegrity(request);
    const refusal = refusalOf(check);
    const attributes = refusal ?? [mappedAddress(path, check.transactionId)];
    const response = {
      class: refusal ? 'error' : 'success',
      method: BINDING,
      transactionId: check.transactionId,
    } as const;
    const answer = serializeStun({ ...response, attributes });
    this.send(appendFingerprint(appendIntegrity(this.primitives, answer, generation.local.password, hash)), path);
    if (refusal) return;
    // 3. RFC 8445 section 7.3.2: the pair is valid; 7.3.1.5: and nominated.
    const pair = this.validate(path, generation, now);
    if (attribute(check, USE_CANDIDATE) !== undefined) this.nominate(pair, generation, now);
    if (!this.timerIsSet) this.setTimer(now);
  }

  /** The credentials that a request proves to know, or the error code for that it does not. */
  private authenticate(octets: Uint8Array, request: StunMessage, hash: IntegrityHash): Generation | 400 | 401 {
    const username = attribute(request, USERNAME);
    if (username === undefined) return 400;
    const name = splitUsername(username);
    const generation = name && this.generationOf(name.local, name.remote);
    if (!generation) return 401;
    return checkIntegrity(this.primitives, octets, request, generation.local.password, hash) ? generation : 401;
  }

  private validate(path: IcePath, generation: Generation, now: number): CandidatePair {
    const key = keyOf(path);
    let pair = this.pairs.get(key);
    if (pair === undefined) {
      if (this.pairs.size >= this.most) this.makeRoom();
      pair = {
        path: { ...path },
        generation: generation.number,
        nominated: false,
        checkedAt: now,
        retiredAt: Number.POSITIVE_INFINITY,
      };
      this.pairs.set(key, pair);
      this.outputs.push({ type: 'event', event: { type: 'valid', path: pair.path } });
    }
    pair.checkedAt = now;
    if (generation === this.current) pair.retiredAt = Number.POSITIVE_INFINITY;
    pair.generation = Math.max(pair.generation, generation.number);
    return pair;
  }

  private nominate(pair: CandidatePair, generation: Generation, now: number): void {
    pair.nominated = true;
    this.select(pair);
    if (generation !== this.current || this.previous === undefined) return;
    this.previous = undefined;
    for (const other of this.pairs.values()) {
      if (other.generation >= generation.number) continue;
      other.nominated = false;
      other.retiredAt = now;
    }
    this.setTimer(now);
  }

  private select(pair: CandidatePair): void {
    if (pair === this.selectedPair) return;
    this.selectedPair = pair;
    this.outputs.push({ type: 'event', event: { type: 'selected', path: pair.path } });
  }

  private discard(pair: CandidatePair): void {
    this.pairs.delete(keyOf(pair.path));
    this.outputs.push({ type: 'event', event: { type: 'discarded', path: pair.path } });
  }

  /** The pair that was checked the longest time ago goes; what was never nominated first, the selected one never. */
  private makeRoom(): void {
    let oldest: CandidatePair | undefined;
    for (const pair of this.pairs.values()) {
      if (pair === this.selectedPair) continue;
      if (oldest === undefined || rank(pair) < rank(oldest)) oldest = pair;
    }
    if (oldest) this.discard(oldest);
  }

  private newest(accept: (pair: CandidatePair) => boolean): CandidatePair | undefined {
    let newest: CandidatePair | undefined;
    for (const pair of this.pairs.values()) {
      if (accept(pair) && (newest === undefined || pair.checkedAt > newest.checkedAt)) newest = pair;
    }
    return newest;
  }

  /** One timer for all pairs: due when the first of them may have expired. */
  private setTimer(now: number): void {
    let first = Number.POSITIVE_INFINITY;
    for (const pair of this.pairs.values()) first = Math.min(first, dueOf(pair, this.consent));
    if (first === Number.POSITIVE_INFINITY) return;
    this.timerIsSet = true;
    this.outputs.push({ type: 'setTimer', name: 'consent', delay: Math.max(0, first - now) });
  }

  private generationOf(local: ByteString, remote?: ByteString): Generation | undefined {
    for (const generation of [this.current, this.previous]) {
      if (generation === undefined || generation.local.ufrag !== local) continue;
      const expected = generation.remoteUfrag;
      if (remote === undefined || expected === undefined || expected === remote) return generation;
    }
    return undefined;
  }

  private hasPairOf(generation: number): boolean {
    for (const pair of this.pairs.values()) if (pair.generation === generation) return true;
    return false;
  }

  private send(octets: Uint8Array, path: IcePath): void {
    this.outputs.push({ type: 'send', message: { octets, path } });
  }

  private take(): IceOutput[] {
    const { outputs } = this;
    this.outputs = [];
    return outputs;
  }
}
