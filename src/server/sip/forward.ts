// Request forwarding (RFC 3261 section 16.6): the copy of a request for one target.
import type { ByteString } from '../../protocol/byte-string.ts';
import type { Primitives } from '../../protocol/primitives.ts';
import { toHex } from '../../protocol/primitives.ts';
import type { Request } from '../../protocol/sip/message.ts';
import { parseUri } from '../../protocol/sip/uri.ts';
import type { Flow } from '../../transport/flow.ts';
import { flowState } from './flow-state.ts';
import { tagHash } from './flow-token.ts';
import type { Listening, Transports } from './ports.ts';
import { uriTransport } from './routing.ts';

/** What one copy differs in. */
export interface Copy {
  flow: Flow;
  /** The new Request-URI; undefined: as it is. */
  uri?: ByteString | undefined;
  /** RFC 3327: routes that the target registered by. */
  path?: readonly ByteString[] | undefined;
  /** The Record-Route value. */
  recordRoute?: ByteString | undefined;
  /** RFC 5393 section 5.3.3. */
  maxBreadth?: number | undefined;
}

/** RFC 3261 section 16.6 step 3. */
const MAX_FORWARDS = 70;

export class Forwarding {
  /** Marks our branches: an own Via is known by it, whatever address it bears. */
  readonly #mark: string;
  readonly #publicHost: string | undefined;
  readonly #domain: string;
  readonly #listening: Listening[] = [];
  #addressTowards: NonNullable<Transports['addressTowards']> = (_remote, bound) => bound;
  #branches = 0;

  constructor(primitives: Primitives, domain: string, publicHost: string | undefined) {
    this.#mark = `z9hG4bK${toHex(primitives.random(5))}`;
    this.#domain = domain;
    this.#publicHost = publicHost;
  }

  listen(listening: readonly Listening[], transports: Transports): void {
    this.#listening.push(...listening);
    const { addressTowards } = transports;
    if (addressTowards !== undefined) this.#addressTowards = addressTowards;
  }

  /** `host:port` under which the peer of this flow reaches us (Via sent-by, Record-Route). */
  sentBy(flow: Flow): string {
    const state = flowState(flow);
    state.sentBy ??= this.#sentBy(flow);
    return state.sentBy;
  }

  #sentBy(flow: Flow): string {
    let { address, port } = flow.local;
    // A connection that we opened has a port of its own: where we listen is what counts.
    const same = this.#listening.filter((listening) => listening.transport === flow.transport);
    if (same.length > 0 && !same.some((listening) => listening.port === port)) port = same[0]!.port;
    if (this.#publicHost !== undefined) address = this.#publicHost;
    else {
      const wildcard = address === '0.0.0.0' || address === '::' || address === '';
      address = this.#addressTowards(flow.remote.address, wildcard ? undefined : address) ?? this.#domain;
    }
    return `${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  /** The URI of this server for the peer of that flow. */
  uri(flow: Flow, user?: string): ByteString {
    const transport = flow.transport === 'udp' ? '' : `;transport=${uriTransport(flow.transport)}`;
    return `sip:${user === undefined ? '' : `${user}@`}${this.sentBy(flow)}${transport};lr`;
  }

  /**
   * What decides where a request goes (RFC 5393 section 4.2.1; the method is left out so that an ACK and a CANCEL fit):
   * a request that comes back with another one has been routed on (a spiral), with the same one it loops.
   */
  loopHash(request: Request): string {
    return tagHash(
      `${request.uri} ${request.has('route') ? request.all('route').join() : ''} ${request.callId} ${request.from.tag} ${request.to.tag} ${request.cseq.sequence} ${request.get('proxy-require') ?? ''}`,
    );
  }

  /** It has been here before in the same shape. */
  loops(request: Request, hash: string): boolean {
    const vias = request.all('via');
    if (vias.length === 1 && !vias[0]!.includes(this.#mark)) return false;
    for (const value of vias) {
      for (let at = value.indexOf(this.#mark); at >= 0; at = value.indexOf(this.#mark, at + 1)) {
        const branch = /^[^\s;,]*/.exec(value.slice(at))![0];
        if (branch.slice(branch.lastIndexOf('.') + 1) === hash) return true;
      }
    }
    return false;
  }

  /** RFC 3261 section 16.6 steps 1 to 8. */
  copy(request: Request, copy: Copy, hash: string): Request {
    // 1. Copy the request
    const forwarded = request.clone();
    // 2. Request-URI
    if (copy.uri !== undefined) forwarded.uri = copy.uri;
    // 3. Max-Forwards
    const left = request.maxForwards;
    forwarded.set('max-forwards', String(left === undefined ? MAX_FORWARDS : Math.max(0, left - 1)));
    // 4. Record-Route
    if (copy.recordRoute !== undefined) forwarded.prepend('record-route', copy.recordRoute);
    // 5. Additional headers
    if (copy.maxBreadth !== undefined) forwarded.set('max-breadth', String(copy.maxBreadth));
    // 6. Postprocess routing information
    if (copy.path !== undefined && copy.path.length > 0)
      for (let i = copy.path.length - 1; i >= 0; i--) forwarded.prepend('route', copy.path[i]!);
    if (forwarded.has('route')) toStrictRouter(forwarded);
    // 8. Via
    forwarded.prepend('via', this.via(copy.flow, hash));
    return forwarded;
  }

  /** A Via with a branch of its own, for whatever goes out on that flow. */
  via(flow: Flow, hash: string): ByteString {
    this.#branches += 1;
    const rport = flow.transport === 'udp' ? ';rport' : '';
    return `SIP/2.0/${flow.transport.toUpperCase()} ${this.sentBy(flow)}${rport};branch=${this.#mark}.${this.#branches.toString(36)}.${hash}`;
  }
}

/** RFC 3261 section 16.6 step 6: a next hop without `lr` wants its URI in the Request-URI, and ours behind the routes. */
function toStrictRouter(request: Request): void {
  const next = request.routes[0];
  if (next === undefined || parseUri(next.uri, 'Route').parameters.has('lr')) return;
  request.append('route', `<${request.uri}>`);
  request.uri = next.uri;
  request.removeFirstValue('route');
}
