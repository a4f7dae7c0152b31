// Signed flow tokens (RFC 5626 section 5.2): the user part of our one Record-Route value. A token names the way to both
// sides of a dialog, so that a request in the dialog goes to the other side's flow and never to an address that a message
// names. It works for clients that know nothing of outbound: they only have to repeat the route set.
import type { ByteString } from '../../protocol/byte-string.ts';
import { type Primitives, toBase64Url } from '../../protocol/primitives.ts';

/** One side of a dialog. */
export interface TokenSide {
  /** A connection, by Flow.id; of this process's life only. */
  flow?: string;
  /** A UDP flow: our port and the peer's address. It outlives a restart. */
  udp?: { localPort: number; address: string; port: number };
  /** Binding.id: where the side is reached once the flow is gone and its client has registered again. */
  binding?: string;
  /** The configured route to a peer, by its domain. */
  route?: string;
}

export interface FlowToken {
  caller: TokenSide;
  callee: TokenSide;
  /** tagHash() of the caller's tag: tells which side a request comes from. */
  callerTag: string;
  /** Call.id, of this process's life only. */
  call?: string;
  /** Its media is relayed by the process that signs: where the call is not known, it is gone. */
  relayed?: true;
}

/** Octets of a token a stranger may make us look at. */
const TOKEN_BYTES = 600;
const RELAYED = '!m';
const MOST_RECENT = 4_096;
/** base64url of 16 octets. */
const MAC_LENGTH = 22;

/** 32 bits of FNV-1a: tells a dialog's two tags apart; no secret. */
export function tagHash(tag: ByteString): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < tag.length; i++) hash = Math.imul(hash ^ tag.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}

/**
 * Signs and opens flow tokens. The MAC covers the Call-ID, so that a token is worth nothing in another dialog.
 * Grammar (within RFC 3261's `user`): caller "~" callee "~" callerTag [ "~" epoch "-" call [ "!m" ] ] "~" mac; a side is
 * fields joined by "!", each a letter and its value: f<epoch>-<flow>, u<port>-<address>-<port>, b<binding>, r<domain>.
 */
export class FlowTokens {
  readonly #primitives: Primitives;
  readonly #keys: ByteString[];
  readonly #epoch: string;
  /** Tokens of late, by text and Call-ID: most come back within seconds (ACK, BYE), and a map costs less than an HMAC. */
  readonly #recent = new Map<string, FlowToken>();

  /** `secrets`: the first signs, all are accepted. */
  constructor(primitives: Primitives, secrets: readonly ByteString[]) {
    this.#primitives = primitives;
    this.#keys = secrets.map((secret) => primitives.hmac('sha256', secret, 'chappe flow token 1'));
    this.#epoch = toBase64Url(primitives.random(3)).replaceAll('-', 'x');
  }

  sign(token: FlowToken, callId: ByteString): string {
    const call = token.call === undefined ? '' : `~${this.#epoch}-${token.call}${token.relayed ? RELAYED : ''}`;
    const body = `${this.#side(token.caller)}~${this.#side(token.callee)}~${token.callerTag}${call}`;
    const text = `${body}~${this.#mac(this.#keys[0]!, body, callId)}`;
    this.#remember(`${text} ${callId}`, token);
    return text;
  }

  /** undefined: not a token of ours, or not for this Call-ID. Constant time in the MAC. */
  open(text: ByteString, callId: ByteString): FlowToken | undefined {
    if (text.length > TOKEN_BYTES) return undefined;
    const name = `${text} ${callId}`;
    const recent = this.#recent.get(name);
    if (recent !== undefined) return recent;
    const end = text.length - MAC_LENGTH - 1;
    if (end < 3 || text.charCodeAt(end) !== 0x7e) return undefined;
    const body = text.slice(0, end);
    const mac = text.slice(end + 1);
    if (!this.#keys.some((key) => this.#primitives.equal(this.#mac(key, body, callId), mac))) return undefined;
    const [caller, callee, callerTag, call = ''] = body.split('~');
    if (caller === undefined || callee === undefined || callerTag === undefined) return undefined;
    const token: FlowToken = { caller: this.#parseSide(caller), callee: this.#parseSide(callee), callerTag };
    const relayed = call.endsWith(RELAYED);
    if (relayed) token.relayed = true;
    if (call.startsWith(`${this.#epoch}-`))
      token.call = call.slice(this.#epoch.length + 1, relayed ? -RELAYED.length : undefined);
    this.#remember(name, token);
    return token;
  }

  /** Only what has been proved gets here, so that nobody can push others out with guesses. */
  #remember(name: string, token: FlowToken): void {
    if (this.#recent.size >= MOST_RECENT) this.#recent.clear();
    this.#recent.set(name, token);
  }

  #mac(key: ByteString, body: string, callId: ByteString): string {
    return toBase64Url(this.#primitives.hmac('sha256', key, `${body} ${callId}`).slice(0, 16));
  }

  #side(side: TokenSide): string {
    let text = '';
    if (side.flow !== undefined) text = `f${this.#epoch}-${side.flow}`;
    else if (side.udp !== undefined)
      text = `u${side.udp.localPort}-${side.udp.address.replaceAll(':', '_')}-${side.udp.port}`;
    if (side.binding !== undefined) text += `${text === '' ? '' : '!'}b${side.binding}`;
    if (side.route !== undefined) text += `${text === '' ? '' : '!'}r${side.route.replaceAll(':', '_')}`;
    return text;
  }

  #parseSide(text: string): TokenSide {
    const side: TokenSide = {};
    for (const field of text.split('!')) {
      const value = field.slice(1);
      switch (field.charAt(0)) {
        case 'f':
          if (value.startsWith(`${this.#epoch}-`)) side.flow = value.slice(this.#epoch.length + 1);
          break;
        case 'u': {
          const [localPort, address, port] = value.split('-');
          if (port !== undefined)
            side.udp = { localPort: Number(localPort), address: address!.replaceAll('_', ':'), port: Number(port) };
          break;
        }
        case 'b':
          side.binding = value;
          break;
        case 'r':
          side.route = value.replaceAll('_', ':');
          break;
      }
    }
    return side;
  }
}
