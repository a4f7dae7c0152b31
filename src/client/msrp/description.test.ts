import { expect, test } from 'vitest';
import { messageDescription, readMessageDescription, withDataChannel } from './description.ts';

const PATH = ['msrp://relay.test:2855/use;tcp', 'msrp://x.invalid:2855/own;ws'];

test('a session of messages is described and read', () => {
  const attributes = [
    'sendonly',
    'accept-types:*',
    'setup:active',
    'file-selector:name:"a b.txt" type:text/plain size:5',
    'file-transfer-id:abc',
    'file-range:3-*',
  ];
  const sdp = messageDescription(PATH, attributes);
  expect(sdp).toContain('\r\nm=message 2855 TCP/MSRP *\r\n');
  expect(readMessageDescription(sdp)).toEqual({
    dataChannel: false,
    path: PATH,
    acceptTypes: ['*'],
    acceptWrappedTypes: [],
    setup: 'active',
    direction: 'sendonly',
    file: { selector: { name: 'a b.txt', type: 'text/plain', size: 5 }, transferId: 'abc', start: 3 },
  });
  expect(messageDescription(['msrps://relay.test:443/use;ws'], [])).toContain('m=message 443 TCP/TLS/MSRP *');
});

test('an answer has a section for each that was offered, with the transport that was offered', () => {
  const offer = [
    'v=0',
    'm=audio 4000 RTP/AVP 0 8',
    'a=sendrecv',
    'm=message 2855 TCP/TLS/MSRP *',
    'a=path:msrps://192.0.2.1:2855/x;tcp',
    'm=message 2855 TCP/TLS/MSRP *',
    'a=path:msrps://192.0.2.1:2855/y;tcp',
    '',
  ].join('\r\n');
  const answer = messageDescription(PATH, ['setup:passive'], offer);
  expect(answer.match(/^m=.*$/gm)?.map((line) => line.trim())).toEqual([
    'm=audio 0 RTP/AVP 0 8',
    'm=message 2855 TCP/TLS/MSRP *',
    'm=message 0 TCP/TLS/MSRP *',
  ]);
  expect(readMessageDescription(answer)?.path).toEqual(PATH);
});

test('a session in a data channel is described and read, beside other media', () => {
  const browser = [
    'v=0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=mid:0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'a=mid:1',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
    'a=mid:2',
    '',
  ].join('\r\n');
  const sdp = withDataChannel(browser, 0, 'msrps://x.invalid:2855/own;dc', ['recvonly', 'setup:passive']);
  expect(sdp.split('\r\n').slice(4, 10)).toEqual([
    'a=mid:1',
    'a=dcmap:0 label="msrp";subprotocol="msrp"',
    'a=dcsa:0 path:msrps://x.invalid:2855/own;dc',
    'a=dcsa:0 recvonly',
    'a=dcsa:0 setup:passive',
    'm=video 9 UDP/TLS/RTP/SAVPF 96',
  ]);
  expect(readMessageDescription(sdp)).toMatchObject({
    dataChannel: true,
    path: ['msrps://x.invalid:2855/own;dc'],
    direction: 'recvonly',
  });
  const alone = withDataChannel(browser.slice(0, browser.indexOf('m=video')), 0, 'msrps://x.invalid:2855/own;dc', []);
  expect(alone.endsWith('a=dcsa:0 path:msrps://x.invalid:2855/own;dc\r\n')).toBe(true);
});

test('what has no session of messages in it is told apart, and a broken selector is refused', () => {
  for (const sdp of [
    '',
    'v=0\r\nm=audio 9 RTP/AVP 0\r\n',
    'v=0\r\nm=message 0 TCP/MSRP *\r\n',
    'v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n',
  ])
    expect(readMessageDescription(sdp)).toBeUndefined();
  expect(() => readMessageDescription(messageDescription(PATH, ['file-selector:size:x']))).toThrow();
});
