// A stream from its first header to its bound resource (RFC 6120 sections 4 to 7; SASL2, XEP-0388; Bind 2, XEP-0386).
import { randomBytes } from 'node:crypto';
import type { ByteString } from '../../../protocol/byte-string.ts';
import { fromBase64, toBase64 } from '../../../protocol/primitives.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { errorReply, resultReply, StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { type StreamCondition, StreamError } from '../../../protocol/xmpp/stream-error.ts';
import type { Timer } from '../../../transport/clock.ts';
import type { Identity } from '../../../transport/flow.ts';
import { bindResource } from './binding.ts';
import type { ConnectionHandler, StreamHeader, XmppConnection } from './connection.ts';
import { loginFeatures, sessionFeatures } from './features.ts';
import { type SaslExchange, SaslFailure, type SaslStep } from './sasl-exchange.ts';
import { readSasl2, type Sasl2Request, sasl2Success } from './sasl2.ts';
import type { LoginContext } from './stream-context.ts';
import { smFailed } from './stream-management.ts';

/** What comes next. */
type Stage = 'header' | 'login' | 'header after login' | 'bind' | 'over';

export class Negotiation implements ConnectionHandler {
  readonly #context: LoginContext;
  readonly #connection: XmppConnection;
  readonly #deadline: Timer;
  #stage: Stage = 'header';
  /** Of the stream as it is now, which TLS and SASL begin anew. */
  #headerSent = false;
  #exchange: SaslExchange | undefined;
  /** Of a SASL2 login: what is to be done with its success. */
  #request: Sasl2Request | undefined;
  #failures = 0;
  #identity: Identity | undefined;

  constructor(context: LoginContext, connection: XmppConnection) {
    this.#context = context;
    this.#connection = connection;
    this.#deadline = context.clock.setTimer(context.limits.negotiationTimeout, () =>
      this.#refuse('connection-timeout', 'The login took too long.'),
    );
  }

  opened(header: StreamHeader): void {
    const { router, mechanisms } = this.#context;
    if (this.#stage !== 'header' && this.#stage !== 'header after login') {
      this.#refuse('invalid-xml', 'The stream is open.');
      return;
    }
    this.#openStream(header.from);
    if (header.to !== undefined && header.to.toLowerCase() !== router.domain) {
      this.#refuse('host-unknown');
      return;
    }
    if (!/^[1-9]\d{0,3}\.\d{1,4}$/.test(header.version ?? '')) {
      this.#refuse('unsupported-version');
      return;
    }
    if (this.#context.draining) {
      this.#refuse('system-shutdown');
      return;
    }
    this.#stage = this.#stage === 'header' ? 'login' : 'bind';
    this.#connection.send(
      this.#stage === 'login' ? loginFeatures(this.#connection, mechanisms, router) : sessionFeatures(router),
    );
  }

  #openStream(to?: string): void {
    this.#headerSent = true;
    const id = randomBytes(12).toString('base64url');
    this.#connection.openStream({ from: this.#context.router.domain, id, version: '1.0', lang: 'en', to });
  }

  received(element: Element): void {
    const { namespace } = element;
    if (this.#stage === 'login') {
      if (namespace === NS.SASL) this.#sasl(element);
      else if (namespace === NS.SASL2) this.#sasl2(element);
      else if (element.is('starttls', NS.TLS)) this.#startTls();
      else this.#refuse('not-authorized');
    } else if (this.#stage === 'bind') {
      if (element.is('iq', NS.CLIENT) && element.child('bind', NS.BIND) !== undefined) this.#bind(element);
      else if (element.is('resume', NS.SM)) this.#resume(element);
      else if (namespace === NS.SM) this.#connection.send(smFailed('unexpected-request'));
      else this.#refuse('not-authorized', 'Bind a resource first.');
    } else this.#refuse('not-authorized');
  }

  failed(error: StreamError): void {
    this.#close(error);
  }

  ended(): void {
    this.#close();
  }

  gone(reason: string): void {
    this.#over();
    this.#context.log.debug({ remote: this.#connection.remote.address, reason }, 'stream closed before a login');
  }

  idle(): void {}

  // STARTTLS (RFC 6120 section 5).

  #startTls(): void {
    const { startTls } = this.#connection;
    if (startTls === undefined) {
      this.#connection.send(xml('failure', NS.TLS));
      this.#close();
      return;
    }
    this.#exchange = undefined;
    this.#stage = 'header';
    this.#headerSent = false;
    this.#connection.send(xml('proceed', NS.TLS));
    startTls();
  }

  // SASL (RFC 6120 section 6).

  #sasl(element: Element): void {
    if (element.name === 'auth') {
      this.#request = undefined;
      this.#begin(element.attributes['mechanism'], element.text);
    } else this.#continue(element);
  }

  #sasl2(element: Element): void {
    if (element.name === 'authenticate') {
      const request = readSasl2(element);
      this.#request = request;
      this.#begin(request.mechanism, request.initial);
    } else this.#continue(element);
  }

  #continue(element: Element): void {
    if (element.name === 'response' && this.#exchange !== undefined && element.namespace === this.#namespace)
      this.#step(octets(element.text));
    else if (element.name === 'abort') this.#failure(new SaslFailure('aborted'));
    else this.#failure(new SaslFailure('malformed-request'));
  }

  get #namespace(): string {
    return this.#request === undefined ? NS.SASL : NS.SASL2;
  }

  #begin(mechanism: string | undefined, initial: string): void {
    // An exchange that was begun and left is a failed one, or challenges could be asked for without end.
    if (this.#exchange !== undefined) this.#failures += 1;
    if (this.#failures >= this.#context.limits.attempts) {
      this.#refuse('policy-violation', 'Too many failed attempts.');
      return;
    }
    try {
      this.#exchange = this.#context.mechanisms.begin(mechanism ?? '', this.#connection, this.#request?.client);
    } catch (error) {
      this.#failure(error);
      return;
    }
    // Without an initial response the client is asked for its first message (RFC 6120 section 6.4.2).
    if (initial === '') this.#challenge('');
    else this.#step(octets(initial));
  }

  #challenge(data: ByteString): void {
    this.#connection.send(xml('challenge', this.#namespace, {}, toBase64(data)));
  }

  #step(message: ByteString | undefined): void {
    const exchange = this.#exchange;
    if (exchange === undefined || message === undefined) {
      this.#failure(new SaslFailure('incorrect-encoding'));
      return;
    }
    this.#wait(async () => {
      try {
        const step = await exchange.receive(message);
        if ('challenge' in step) this.#challenge(step.challenge);
        else await this.#proved(step);
      } catch (error) {
        if (!(error instanceof SaslFailure)) throw error;
        this.#failure(error);
      }
    });
  }

  #failure(error: unknown): void {
    if (!(error instanceof SaslFailure)) throw error;
    const { counters, limits, log } = this.#context;
    this.#exchange = undefined;
    this.#failures += 1;
    counters.authenticationFailures += 1;
    log.debug({ remote: this.#connection.remote.address, condition: error.condition }, 'authentication failed');
    const text = error.message === '' ? undefined : xml('text', this.#namespace, { 'xml:lang': 'en' }, error.message);
    this.#connection.send(xml('failure', this.#namespace, {}, xml(error.condition, NS.SASL), text));
    if (this.#failures >= limits.attempts) this.#refuse('policy-violation', 'Too many failed attempts.');
  }

  async #proved(step: Extract<SaslStep, { identity: Identity }>): Promise<void> {
    const { counters, log, router } = this.#context;
    const { identity, additional } = step;
    this.#exchange = undefined;
    this.#identity = identity;
    counters.logins += 1;
    this.#connection.trust();
    log.debug({ account: identity.name, remote: this.#connection.remote.address }, 'authenticated');
    const request = this.#request;
    if (request === undefined) {
      this.#stage = 'header after login';
      this.#headerSent = false;
      this.#connection.send(xml('success', NS.SASL, {}, additional === undefined ? undefined : toBase64(additional)));
      this.#connection.restart();
      return;
    }
    this.#stage = 'bind';
    const { success, session, resumed } = await sasl2Success(this.#context, this.#connection, request, step);
    if (this.#stage !== 'bind' || !this.#connection.open) return session?.gone('gone during its login');
    this.#connection.send(success);
    if (session !== undefined) this.#over();
    if (!resumed) this.#connection.send(sessionFeatures(router, session));
    if (session === undefined) return;
    if (resumed) session.attach(this.#connection);
    else router.bind(session);
  }

  // Resource binding (RFC 6120 section 7).

  #bind(iq: Element): void {
    const request = iq.child('bind', NS.BIND);
    if (iq.attributes['type'] !== 'set' || iq.attributes['id'] === undefined || request === undefined) {
      this.#connection.send(errorReply(iq, new StanzaError('bad-request')));
      return;
    }
    try {
      const wanted = request.childText('resource');
      const session = bindResource(this.#context, this.#connection, this.#identity as Identity, wanted);
      this.#connection.send(resultReply(iq, xml('bind', NS.BIND, {}, xml('jid', NS.BIND, {}, session.jid.full))));
      this.#over();
      this.#context.router.bind(session);
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error;
      this.#connection.send(errorReply(iq, error));
    }
  }

  /** XEP-0198 section 5. */
  #resume(request: Element): void {
    this.#wait(async () => {
      const result = await this.#context.resume(this.#connection, request, this.#identity as Identity);
      if ('failed' in result) {
        this.#connection.send(result.failed);
        return;
      }
      this.#connection.send(result.resumed);
      this.#over();
      result.session.attach(this.#connection);
    });
  }

  /** Until that is done nothing more is read. */
  #wait(work: () => Promise<void>): void {
    this.#connection.pause();
    work()
      .catch((error: unknown) => {
        if (error instanceof StreamError) {
          this.#close(error);
          return;
        }
        this.#context.fault(error);
        this.#refuse('internal-server-error');
      })
      .finally(() => this.#connection.resume());
  }

  #refuse(condition: StreamCondition, text = ''): void {
    this.#close(new StreamError(condition, text));
  }

  #close(error?: StreamError): void {
    if (this.#stage === 'over') return;
    this.#over();
    if (error !== undefined) {
      if (!this.#headerSent) this.#openStream(); // RFC 6120 section 4.9.1.2
      const { log } = this.#context;
      log.debug({ remote: this.#connection.remote.address, condition: error.condition }, 'stream refused');
    }
    this.#connection.close(error);
  }

  /** Also when a session has the connection from here on. */
  #over(): void {
    this.#stage = 'over';
    this.#exchange = undefined;
    this.#deadline.close();
  }
}

/** SASL data of an element (RFC 6120 section 6.4.2): `=` is no data, said expressly; undefined: it is no base64. */
function octets(text: string): ByteString | undefined {
  return text === '=' ? '' : fromBase64(text);
}
