// SIPp scenarios for phones with digest credentials. Users come from an injection file: [field0] the name, [field1] SIPp's own
// keyword for the answer to a challenge, with that user's credential. Each waits for what RFC 3261 says comes next and fails the call on anything else.

const head = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n';

function scenario(name: string, steps: readonly string[]): string {
  return `${head}<scenario name="${name}">\n${steps.join('\n')}\n</scenario>\n`;
}

function send(text: string, attributes = ''): string {
  return `<send ${attributes}><![CDATA[\n${text.trim().replaceAll(/^ +/gm, '')}\n\n]]></send>`;
}

function sendWithBody(text: string, body: string, attributes = ''): string {
  const lines = (value: string): string => value.trim().replaceAll(/^ +/gm, '');
  return `<send ${attributes}><![CDATA[\n${lines(text)}\n\n${lines(body)}\n]]></send>`;
}

const sdp = `v=0
o=phone 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 0 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv`;

const via = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport';

/** REGISTER, 401, REGISTER with the answer, 200; then `stay` milliseconds of waiting for calls on the same flow. */
export function register(domain: string, { expires = 600, authenticate = true, stay = 0 } = {}): string {
  const request = (cseq: number, authorization: string): string => `
    REGISTER sip:${domain} SIP/2.0
    ${via}
    Max-Forwards: 70
    From: <sip:[field0]@${domain}>;tag=[pid]SIPpTag[call_number]
    To: <sip:[field0]@${domain}>
    Call-ID: [call_id]
    CSeq: ${cseq} REGISTER
    Contact: <sip:[field0]@[local_ip]:[local_port];transport=[transport]>
    Expires: ${expires}
    User-Agent: SIPp
    ${authorization}Content-Length: 0`;
  const told = '<nop><action><exec command="touch registered"/></action></nop>';
  const pause = stay ? [told, `<pause milliseconds="${stay}"/>`] : [];
  if (!authenticate)
    return scenario('register', [send(request(1, ''), 'retrans="500"'), '<recv response="200"/>', ...pause]);
  return scenario('register', [
    send(request(1, ''), 'retrans="500"'),
    '<recv response="401" auth="true"/>',
    send(request(2, '[field1]\n'), 'retrans="500"'),
    '<recv response="200"/>',
    ...pause,
  ]);
}

export interface CallOptions {
  /** User part of the callee, and of the caller when not from the injection file. */
  to: string;
  /** Domain of the callee, when it is not the caller's. */
  toDomain?: string;
  /** Milliseconds between ACK and BYE. */
  hold?: number;
  authenticate?: boolean;
  /** Who hangs up. */
  bye?: 'caller' | 'callee';
  /** A re-INVITE by the caller inside the dialog. */
  reinvite?: boolean;
}

/** INVITE (407, ACK, INVITE), 180, 200, ACK, BYE, 200: the caller's side. */
export function caller(domain: string, options: CallOptions): string {
  const { to, toDomain = domain, hold = 0, authenticate = true, bye = 'caller', reinvite = false } = options;
  const fixed = `
    Max-Forwards: 70
    From: <sip:[field0]@${domain}>;tag=[pid]SIPpTag[call_number]
    Call-ID: [call_id]
    Contact: <sip:[field0]@[local_ip]:[local_port];transport=[transport]>`;
  const invite = (cseq: number, extra: string): string =>
    sendWithBody(
      `INVITE sip:${to}@${toDomain} SIP/2.0
    ${via}${fixed}
    To: <sip:${to}@${toDomain}>
    CSeq: ${cseq} INVITE
    ${extra}Content-Type: application/sdp
    Content-Length: [len]`,
      sdp,
      'retrans="500"',
    );
  const inDialog = (method: string, cseq: number, attributes = ''): string =>
    send(
      `${method} [next_url] SIP/2.0
    ${via}
    [routes]${fixed}
    To: <sip:${to}@${toDomain}>[peer_tag_param]
    CSeq: ${cseq} ${method}
    Content-Length: 0`,
      attributes,
    );
  const steps = [invite(1, '')];
  let cseq = 1;
  if (authenticate) {
    cseq = 2;
    steps.push(
      '<recv response="100" optional="true"/>',
      '<recv response="407" auth="true"/>',
      send(`ACK sip:${to}@${toDomain} SIP/2.0
    ${via}${fixed}
    To: <sip:${to}@${toDomain}>[peer_tag_param]
    CSeq: 1 ACK
    Content-Length: 0`),
      invite(2, '[field1]\n'),
    );
  }
  steps.push(
    '<recv response="100" optional="true"/>',
    '<recv response="180" optional="true"/>',
    '<recv response="200" rrs="true"/>',
    inDialog('ACK', cseq),
  );
  if (reinvite) {
    cseq++;
    steps.push(
      sendWithBody(
        `INVITE [next_url] SIP/2.0
    ${via}
    [routes]${fixed}
    To: <sip:${to}@${toDomain}>[peer_tag_param]
    CSeq: ${cseq} INVITE
    Content-Type: application/sdp
    Content-Length: [len]`,
        sdp.replace('a=sendrecv', 'a=sendonly'),
        'retrans="500"',
      ),
      '<recv response="100" optional="true"/>',
      '<recv response="200"/>',
      inDialog('ACK', cseq),
    );
  }
  if (bye === 'caller') {
    if (hold) steps.push(`<pause milliseconds="${hold}"/>`);
    steps.push(inDialog('BYE', cseq + 1, 'retrans="500"'), '<recv response="200"/>');
  } else {
    steps.push('<recv request="BYE"/>', send(`${answer('200 OK', false)}\nContent-Length: 0`));
  }
  return scenario('caller', steps);
}

/**
 * The callee's side: 180, 200, ACK, then BYE from either. Answers one re-INVITE when told to. `refuses`: it insists on WebRTC
 * in the first offer, answers 488, and insists on plain RTP in the one that follows.
 */
export function callee({
  bye = 'caller',
  reinvite = false,
  refuses = false,
}: {
  bye?: 'caller' | 'callee';
  reinvite?: boolean;
  refuses?: boolean;
} = {}): string {
  const accept = (tag: boolean): string =>
    sendWithBody(
      `${answer('200 OK', tag)}\nContent-Type: application/sdp\nContent-Length: [len]`,
      sdp,
      'retrans="500"',
    );
  const empty = '\nContent-Length: 0';
  // SIPp numbers no out-of-call scenario: its [branch] would be the same in every call. The addresses of the INVITE are those of the callee's own BYE, the other way round.
  const remember = `<action><ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>
    <ereg regexp=".*" search_in="hdr" header="To:" assign_to="callee"/>
    <ereg regexp="[0-9-]+" search_in="hdr" header="Call-ID:" assign_to="dialog"/></action>`;
  const offers = (profile: string): string =>
    `<action><ereg regexp="m=audio [0-9]+ ${profile} " search_in="msg" check_it="true" assign_to="offer"/></action>`;
  const steps = refuses
    ? [
        `<recv request="INVITE">${offers('UDP/TLS/RTP/SAVPF')}</recv>`,
        send(answer('488 Not Acceptable Here', true) + empty, 'retrans="500"'),
        '<recv request="ACK"/>',
        '<Reference variables="offer"/>',
      ]
    : [];
  steps.push(
    `<recv request="INVITE" rrs="true">${refuses ? offers('RTP/AVP') : ''}${bye === 'callee' ? remember : ''}</recv>`,
    send(answer('180 Ringing', true) + empty),
    accept(true),
    '<recv request="ACK"/>',
  );
  if (reinvite) steps.push('<recv request="INVITE"/>', accept(false), '<recv request="ACK"/>');
  if (bye === 'callee') {
    steps.push(
      send(
        `BYE [next_url] SIP/2.0
    ${via.replace('[branch]', 'z9hG4bK-[$dialog]')}
    [routes]
    Max-Forwards: 70
    From:[$callee];tag=[pid]SIPpTag01[call_number]
    To:[$caller]
    Call-ID: [call_id]
    CSeq: 1 BYE
    Content-Length: 0`,
        'retrans="500"',
      ),
      '<recv response="200"/>',
    );
  } else steps.push('<recv request="BYE"/>', send(answer('200 OK', false) + empty));
  return scenario('callee', steps);
}

/**
 * A busy lamp: SUBSCRIBE (407, SUBSCRIBE), 200, NOTIFY while it is not allowed yet and when it is, and a NOTIFY for each of these states in order, within a second or so of one
 * another; then Expires: 0 and the last NOTIFY.
 */
export function busyLamp(domain: string, of: string, states: readonly string[]): string {
  const subscribe = (cseq: number, uri: string, more: string, tag = ''): string =>
    send(
      `SUBSCRIBE ${uri} SIP/2.0
    ${via}
    Max-Forwards: 70
    From: <sip:[field0]@${domain}>;tag=[pid]SIPpTag[call_number]
    To: <sip:${of}@${domain}>${tag}
    Call-ID: [call_id]
    CSeq: ${cseq} SUBSCRIBE
    Contact: <sip:[field0]@[local_ip]:[local_port];transport=[transport]>
    Event: dialog
    Accept: application/dialog-info+xml
    ${more}Content-Length: 0`,
      'retrans="500"',
    );
  const uri = `sip:${of}@${domain}`;
  const notify = (pattern: string): string[] => [
    `<recv request="NOTIFY"><action><ereg regexp="${pattern}" search_in="msg" check_it="true" assign_to="state"/></action></recv>`,
    send('SIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\nContent-Length: 0'),
  ];
  return scenario('busy lamp', [
    subscribe(1, uri, 'Expires: 600\n'),
    '<recv response="407" auth="true"/>',
    subscribe(2, uri, '[field1]\nExpires: 600\n'),
    '<recv response="200" rrs="true"/>',
    ...notify('Subscription-State: pending'),
    ...notify('state=.full.'),
    '<nop><action><exec command="touch registered"/></action></nop>',
    ...states.flatMap((state) => notify(`state.${state}.`)),
    subscribe(3, '[next_url]', 'Expires: 0\n', '[peer_tag_param]'),
    '<recv response="407" auth="true"/>',
    subscribe(4, '[next_url]', '[field1]\nExpires: 0\n', '[peer_tag_param]'),
    '<recv response="200"/>',
    ...notify('terminated;reason=timeout'),
    '<Reference variables="state"/>',
  ]);
}

/** PUBLISH (401, PUBLISH), its refresh by entity tag, a refresh by the old tag (412), its removal. */
export function publishes(domain: string): string {
  const document = `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:[field0]@${domain}"><tuple id="a"><status><basic>open</basic></status></tuple></presence>`;
  const head = (cseq: number, more: string): string => `PUBLISH sip:[field0]@${domain} SIP/2.0
    ${via}
    Max-Forwards: 70
    From: <sip:[field0]@${domain}>;tag=[pid]SIPpTag[call_number]
    To: <sip:[field0]@${domain}>
    Call-ID: [call_id]
    CSeq: ${cseq} PUBLISH
    Event: presence
    ${more}`;
  const first = (cseq: number, authorization: string): string =>
    sendWithBody(
      head(cseq, `${authorization}Expires: 60\nContent-Type: application/pidf+xml\nContent-Length: [len]`),
      document,
      'retrans="500"',
    );
  const again = (cseq: number, authorization: string, tag: string, expires: number): string =>
    send(
      head(cseq, `${authorization}SIP-If-Match: [$${tag}]\nExpires: ${expires}\nContent-Length: 0`),
      'retrans="500"',
    );
  const tagged = (name: string): string =>
    `<recv response="200"><action><ereg regexp="[0-9a-f]+" search_in="hdr" header="SIP-ETag:" check_it="true" assign_to="${name}"/></action></recv>`;
  const challenged = (request: (cseq: number, authorization: string) => string, cseq: number): string[] => [
    request(cseq, ''),
    '<recv response="401" auth="true"/>',
    request(cseq + 1, '[field1]\n'),
  ];
  return scenario('publishes', [
    ...challenged(first, 1),
    tagged('one'),
    ...challenged((cseq, authorization) => again(cseq, authorization, 'one', 60), 3),
    tagged('two'),
    ...challenged((cseq, authorization) => again(cseq, authorization, 'one', 60), 5),
    '<recv response="412"/>',
    ...challenged((cseq, authorization) => again(cseq, authorization, 'two', 0), 7),
    '<recv response="200"/>',
  ]);
}

/** The head of an answer. `tag`: the request has no To tag yet. */
function answer(status: string, tag: boolean): string {
  return `SIP/2.0 ${status}
    [last_Via:]
    [last_From:]
    [last_To:]${tag ? ';tag=[pid]SIPpTag01[call_number]' : ''}
    [last_Call-ID:]
    [last_CSeq:]
    [last_Record-Route:]
    Contact: <sip:[local_ip]:[local_port];transport=[transport]>`;
}
