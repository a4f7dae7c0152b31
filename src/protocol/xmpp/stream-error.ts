import { ProtocolError } from '../errors.ts';
import { type Element, xml } from './element.ts';
import { NS } from './namespaces.ts';

/** RFC 6120 section 4.9.3. */
export type StreamCondition =
  | 'bad-format'
  | 'bad-namespace-prefix'
  | 'conflict'
  | 'connection-timeout'
  | 'host-gone'
  | 'host-unknown'
  | 'improper-addressing'
  | 'internal-server-error'
  | 'invalid-from'
  | 'invalid-namespace'
  | 'invalid-xml'
  | 'not-authorized'
  | 'not-well-formed'
  | 'policy-violation'
  | 'remote-connection-failed'
  | 'reset'
  | 'resource-constraint'
  | 'restricted-xml'
  | 'see-other-host'
  | 'system-shutdown'
  | 'undefined-condition'
  | 'unsupported-encoding'
  | 'unsupported-feature'
  | 'unsupported-stanza-type'
  | 'unsupported-version';

/** The stream cannot go on (RFC 6120 section 4.9): whoever drives it sends the element, then closes. */
export class StreamError extends ProtocolError {
  readonly condition: StreamCondition;
  /** An application's own condition beside the defined one (section 4.9.4). */
  readonly application: Element | undefined;

  /** `text` goes on the wire: it says what is wrong and quotes nothing that came in. */
  constructor(condition: StreamCondition, text = '', application?: Element) {
    super('XMPP_STREAM', text);
    this.name = 'StreamError';
    this.condition = condition;
    this.application = application;
  }

  /** `<error/>` in the streams' namespace (section 4.9.2). */
  toElement(): Element {
    return xml(
      'error',
      NS.STREAMS,
      {},
      xml(this.condition, NS.STREAM_ERRORS),
      this.message === '' ? undefined : xml('text', NS.STREAM_ERRORS, { 'xml:lang': 'en' }, this.message),
      this.application,
    );
  }
}
