import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import type { RequestUser } from './client-exchange.ts';
import { contactParameters } from './contact.ts';
import type { Response } from './message.ts';
import type { NameAddress } from './name-address.ts';
import { parseUri, sameUri, serializeUri } from './uri.ts';
import { ALLOW, listed, type UserAgentCore } from './user-agent-core.ts';

const EXPIRES = 600;
/** A registrar that wants more than a week by 423 is not obeyed. */
const MOST_EXPIRES = 7 * 86_400;

/**
 * The binding of this user agent's contact at its registrar (RFC 3261 section 10.2, RFC 5626 outbound, RFC 5627 GRUU,
 * RFC 3608 Service-Route).
 *
 * Laws: one REGISTER at a time, all with one Call-ID and rising CSeq. A binding is refreshed at 80 to 90 % of its time. What
 * fails is told and not retried, but for 423 once. A new connection registers anew: the old one was the binding's flow.
 */
export class Registration implements RequestUser {
  private readonly core: UserAgentCore;
  private readonly callId: string;
  private readonly fromTag: string;
  private readonly registrar: ByteString;
  private sequence = 0;
  private expires: number;
  private wanted = false;
  private pending: 'none' | 'register' | 'unregister' = 'none';
  /** The answer to an obsolete request is not ours to judge. */
  private generation = 0;
  private raised = false;
  private again = false;

  constructor(core: UserAgentCore) {
    this.core = core;
    this.callId = core.token();
    this.fromTag = core.token();
    this.expires = core.options.expires ?? EXPIRES;
    const { registrar, uri } = core.options;
    if (registrar !== undefined) this.registrar = registrar;
    else {
      const { scheme, host, port } = parseUri(uri);
      this.registrar = serializeUri(port === undefined ? { scheme, host } : { scheme, host, port });
    }
  }

  register(now: number): void {
    this.wanted = true;
    this.raised = false;
    if (this.pending === 'none') this.send(this.expires, now);
    else if (this.pending === 'unregister') this.again = true;
  }

  unregister(now: number): void {
    this.wanted = false;
    this.again = false;
    this.core.outbox.clearTimer('registration refresh');
    if (!this.core.transactions.connected) this.unregistered();
    else if (this.pending === 'none') this.send(0, now);
  }

  /** Over a new connection. */
  connected(now: number): void {
    if (!this.wanted) return;
    this.pending = 'none';
    this.register(now);
  }

  nextSequence(): number {
    this.sequence += 1;
    return this.sequence;
  }

  onResponse(response: Response, now: number): void {
    const { status, reason } = response;
    if (status < 200) return;
    const was = this.pending;
    this.pending = 'none';
    if (was === 'unregister') {
      this.unregistered();
      if (this.again) this.register(now);
      this.again = false;
    } else if (!this.wanted) this.send(0, now);
    else if (status < 300) this.accepted(response);
    else if (status === 423 && this.raise(response)) this.send(this.expires, now);
    else {
      const after = /^\d{1,9}/.exec(response.get('retry-after') ?? '')?.[0];
      this.failed(status, reason, after === undefined ? undefined : Number(after), response);
    }
  }

  onFailure(status: 408 | 503, _now: number): void {
    const was = this.pending;
    this.pending = 'none';
    if (was === 'unregister' || !this.wanted) this.unregistered();
    else this.failed(status, status === 408 ? 'Request Timeout' : 'Service Unavailable', undefined, undefined);
  }

  private send(expires: number, now: number): void {
    this.pending = expires === 0 ? 'unregister' : 'register';
    this.generation += 1;
    const { generation } = this;
    const { instanceId, registrationId, acceptedMessages } = this.core.options;
    const outbound = instanceId === undefined ? '' : `;+sip.instance="<${instanceId}>";reg-id=${registrationId ?? 1}`;
    // RFC 3840 section 10: who takes no message says so, and gets none.
    const methods = acceptedMessages?.length === 0 ? `;methods="${ALLOW.replace(/,? *MESSAGE/, '')}"` : '';
    const request = this.core.createRequest('REGISTER', this.registrar, {
      callId: this.callId,
      fromTag: this.fromTag,
      sequence: this.nextSequence(),
      to: this.core.address,
      fields: [
        ['Contact', `<${this.core.contactUri}>${outbound}${methods};expires=${expires}`],
        ['Expires', String(expires)],
        ['Allow', ALLOW],
        ['Supported', instanceId === undefined ? 'path' : 'path, outbound, gruu'],
      ],
    });
    const current: RequestUser = {
      nextSequence: () => this.nextSequence(),
      onResponse: (response, at) => {
        if (generation === this.generation) this.onResponse(response, at);
      },
      onFailure: (status, at) => {
        if (generation === this.generation) this.onFailure(status, at);
      },
    };
    this.core.send(request, current, now);
  }

  private accepted(response: Response): void {
    try {
      this.registered(response);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.failed(500, error.message, undefined, response);
    }
  }

  private registered(response: Response): void {
    const contacts = response.contacts === '*' ? [] : response.contacts;
    const ours = contacts.find((contact) => this.isOurs(contact));
    const granted = ours === undefined ? undefined : contactParameters(ours);
    const expires = Math.min(granted?.expires || response.expires || this.expires, MOST_EXPIRES);
    const publicGruu = gruu(granted?.publicGruu);
    const temporaryGruu = gruu(granted?.temporaryGruu);
    const serviceRoute = response.values('service-route');
    for (const route of response.addresses('service-route')) parseUri(route.uri, 'Service-Route');
    this.core.publicGruu = publicGruu;
    this.core.outbound = listed(response, 'require').includes('outbound');
    this.core.serviceRoute = serviceRoute.length > 0 ? serviceRoute : undefined;
    const share = 0.8 + this.core.randomBelow(1000) / 10_000;
    this.core.outbox.setTimer('registration refresh', Math.floor(expires * 1000 * share), (at) => this.register(at));
    this.core.event({
      type: 'registered',
      expires,
      serviceRoute,
      response,
      ...(publicGruu === undefined ? {} : { publicGruu }),
      ...(temporaryGruu === undefined ? {} : { temporaryGruu }),
    });
  }

  private isOurs(contact: NameAddress): boolean {
    if (contact.uri === this.core.contactUri) return true;
    try {
      return sameUri(parseUri(contact.uri), parseUri(this.core.contactUri));
    } catch (error) {
      // Another device's binding may be a tel: URI, or nonsense
      if (error instanceof ProtocolError) return false;
      throw error;
    }
  }

  private raise(response: Response): boolean {
    const least = /^\d{1,9}/.exec(response.get('min-expires') ?? '')?.[0];
    if (this.raised || least === undefined || Number(least) <= this.expires || Number(least) > MOST_EXPIRES)
      return false;
    this.raised = true;
    this.expires = Number(least);
    return true;
  }

  private failed(
    status: number,
    reason: ByteString,
    retryAfter: number | undefined,
    response: Response | undefined,
  ): void {
    this.core.outbox.clearTimer('registration refresh');
    this.core.event({
      type: 'registrationFailed',
      status,
      reason,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(response === undefined ? {} : { response }),
    });
  }

  private unregistered(): void {
    this.core.serviceRoute = undefined;
    this.core.publicGruu = undefined;
    this.core.outbound = false;
    this.core.event({ type: 'unregistered' });
  }
}

/** It will be our Contact: it had better be a URI. */
function gruu(uri: ByteString | undefined): ByteString | undefined {
  if (uri === undefined || !/^sips?:[\x21-\x7e]+$/i.test(uri) || /[<>"]/.test(uri)) return undefined;
  parseUri(uri, 'Contact');
  return uri;
}
