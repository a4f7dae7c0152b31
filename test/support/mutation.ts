// Messages with something wrong, at random but the same for the same seed.

/** mulberry32: the same run for the same seed. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const PIECES = [
  '\r\n',
  '\r\n\r\n',
  '\0',
  ',',
  ';',
  '<',
  '>',
  '"',
  '%',
  '%00',
  '\\',
  '\xff\xfe',
  'Via: SIP/2.0/UDP x;branch=z9hG4bK',
  'Route: <sip:example.test;lr>\r\n',
  'Route: ,,,\r\n',
  'Record-Route: <sip:x@192.0.2.1:8080;lr>\r\n',
  'Contact: *\r\n',
  'Expires: 0\r\n',
  'Expires: 99999999999999999999\r\n',
  'Max-Forwards: 0\r\n',
  'Max-Forwards: 256\r\n',
  'Max-Breadth: -1\r\n',
  'Content-Length: 999999\r\n',
  'Content-Length: -1\r\n',
  'Require: x\r\n',
  'Path: <sip:x;lr>\r\n',
  'Authorization: Digest username="alice", realm="example.test"\r\n',
  'Proxy-Authorization: Digest username="a", realm="example.test", nonce="x", uri="x", response="00000000000000000000000000000000"\r\n',
  ';reg-id=1;+sip.instance="<urn:x>"',
  ';tag=alice-1',
  ';gr=urn:x',
  ';maddr=192.0.2.1',
  'sips:',
  'tel:+1',
  'SIP/2.0 200 OK\r\n',
  'SIP/9.9',
  'ACK',
  'CANCEL',
  'REGISTER',
  'INVITE',
  'BYE',
  'x'.repeat(3000),
];

/** One to four edits of a SIP message, as a hostile or broken sender might make them. */
export function mutate(text: string, next: () => number): string {
  let out = text;
  const edits = 1 + Math.floor(next() * 4);
  for (let i = 0; i < edits; i++) {
    const at = Math.floor(next() * (out.length + 1));
    const piece = PIECES[Math.floor(next() * PIECES.length)]!;
    switch (Math.floor(next() * 6)) {
      case 0:
        out = out.slice(0, at) + piece + out.slice(at);
        break;
      case 1:
        out = out.slice(0, at) + out.slice(at + Math.floor(next() * 20));
        break;
      case 2:
        out = out.slice(0, at) + String.fromCharCode(Math.floor(next() * 256)) + out.slice(at + 1);
        break;
      case 3: {
        // a whole line doubled, dropped or replaced
        const lines = out.split('\r\n');
        const line = Math.floor(next() * lines.length);
        const choice = next();
        if (choice < 0.3) lines.splice(line, 1);
        else if (choice < 0.6) lines.splice(line, 0, lines[Math.floor(next() * lines.length)]!);
        else lines[line] = piece.trimEnd();
        out = lines.join('\r\n');
        break;
      }
      case 4:
        out = out.slice(0, at);
        break;
      case 5: {
        const colon = out.indexOf(':', at);
        if (colon >= 0) out = `${out.slice(0, colon + 1)} ${piece.trimEnd()}${out.slice(out.indexOf('\r\n', colon))}`;
        break;
      }
    }
  }
  return out;
}
