// The event state compositor (RFC 3903 section 6) for presence: what phones publish becomes resources of their accounts, which
// XMPP contacts and SIP watchers see alike. Publications are memory only: after a restart a refresh is 412, and phones
// publish anew.
import { type Primitives, toHex } from '../../../protocol/primitives.ts';
import { parseEvent } from '../../../protocol/sip/event.ts';
import type { Request } from '../../../protocol/sip/message.ts';
import type { Timer } from '../../../transport/clock.ts';
import type { Presences } from '../../messaging/presences.ts';
import { type ExtraFields, makeResponse } from '../answer.ts';
import type { Inbound } from '../inbound.ts';
import type { SipLimits } from '../limits.ts';
import { ServerTransaction, type TransactionLayer } from '../transactions.ts';
import { PIDF_TYPE, readPidf } from './documents/pidf.ts';
import { mediaType } from './incoming-message.ts';
import { presenceStanza } from './presence-mapping.ts';

export interface PublicationsParts {
  domain: string;
  limits: SipLimits;
  primitives: Primitives;
  presences: Presences;
  transactions: TransactionLayer;
}

interface Publication {
  account: string;
  /** SIP-ETag: another one after each change. */
  tag: string;
  /** The resource part that stands for it, all its life. */
  resource: string;
  expiry: Timer | undefined;
}

type Answer = [status: number, fields?: ExtraFields];

export class Publications {
  readonly #parts: PublicationsParts;
  readonly #byTag = new Map<string, Publication>();
  readonly #counts = new Map<string, number>();

  constructor(parts: PublicationsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#byTag.size;
  }

  close(): void {
    for (const { expiry } of this.#byTag.values()) expiry?.close();
  }

  /**
   * A PUBLISH whose From and To are proved. `account`: of the Request-URI; `events`: for Allow-Events. Throws ProtocolError
   * 400 and 413 for a document that cannot be read.
   */
  receive(inbound: Inbound, account: string | undefined, events: string): void {
    const { request, replyFlow, flow, key, identity } = inbound;
    const [status, fields] =
      account === undefined
        ? ([404] as Answer)
        : identity !== undefined && identity.name !== account
          ? ([403] as Answer)
          : this.#answer(request, account, events);
    const server = new ServerTransaction(this.#parts.transactions, key, request, replyFlow, flow.remote.address);
    server.start();
    server.respond(makeResponse(request, status, undefined, fields));
  }

  #answer(request: Request, account: string, events: string): Answer {
    const { limits } = this.#parts;
    // 1, 2. The resource is the sender's own. Event, and what we must know (RFC 3261 section 8.2.2.3)
    const event = request.get('event');
    if (event === undefined || parseEvent(event).package.toLowerCase() !== 'presence')
      return [489, [['Allow-Events', events]]];
    if (request.has('require')) return [420, [['Unsupported', request.values('require').join(', ')]]];
    // 3. SIP-If-Match
    const tag = request.get('sip-if-match');
    const known = tag === undefined ? undefined : this.#byTag.get(tag);
    if (tag !== undefined && known?.account !== account) return [412];
    // 4. Expires
    const wanted = request.expires ?? limits.defaultPublication;
    if (wanted > 0 && wanted < limits.minPublication) return [423, [['Min-Expires', String(limits.minPublication)]]];
    const seconds = Math.min(wanted, limits.maxPublication);
    if (seconds === 0) {
      if (known !== undefined) this.#remove(known);
      return [200, [['SIP-ETag', this.#newTag()], EXPIRES_0]];
    }
    // 5. The published state: a refresh has none
    const { body } = request;
    if (body === '' && known === undefined) return [400];
    if (body !== '' && mediaType(request) !== PIDF_TYPE) return [415, [['Accept', PIDF_TYPE]]];
    const document = body === '' ? undefined : readPidf(body);
    if (known === undefined && (this.#counts.get(account) ?? 0) >= limits.publicationsPerAccount) return [403];
    if (known === undefined && this.#byTag.size >= limits.publications) return [503, [['Retry-After', '60']]];
    const publication = known ?? this.#add(account);
    this.#renew(publication, seconds);
    if (document !== undefined) {
      const { resource } = publication;
      const presence = presenceStanza(document, `${account}@${this.#parts.domain}/${resource}`);
      if (presence === undefined) this.#parts.presences.remove(account, resource);
      else this.#parts.presences.set({ account, resource, presence, source: 'sip' });
    }
    // 6. The answer
    return [
      200,
      [
        ['SIP-ETag', publication.tag],
        ['Expires', String(seconds)],
      ],
    ];
  }

  #newTag(): string {
    return toHex(this.#parts.primitives.random(8));
  }

  #add(account: string): Publication {
    this.#counts.set(account, (this.#counts.get(account) ?? 0) + 1);
    return { account, tag: '', resource: `sip-${toHex(this.#parts.primitives.random(4))}`, expiry: undefined };
  }

  #renew(publication: Publication, seconds: number): void {
    this.#byTag.delete(publication.tag);
    publication.tag = this.#newTag();
    this.#byTag.set(publication.tag, publication);
    publication.expiry?.close();
    const { clock } = this.#parts.transactions;
    publication.expiry = clock.setTimer(seconds * 1000, () => this.#remove(publication));
  }

  #remove(publication: Publication): void {
    const { account, tag, resource, expiry } = publication;
    expiry?.close();
    this.#byTag.delete(tag);
    const left = (this.#counts.get(account) ?? 1) - 1;
    if (left > 0) this.#counts.set(account, left);
    else this.#counts.delete(account);
    this.#parts.presences.remove(account, resource);
  }
}

const EXPIRES_0 = ['Expires', '0'] as const;
