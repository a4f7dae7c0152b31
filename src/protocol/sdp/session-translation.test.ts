import { expect, test } from 'vitest';
import { PHONE_PROFILES, phoneAnswer, phoneLeg, webrtcLeg } from '../../../test/support/sdp-legs.ts';
import { SDP_VECTORS, sdpVector } from '../../../test/support/sdp-vectors.ts';
import { ProtocolError } from '../errors.ts';
import { classify } from './classify.ts';
import type { PhoneProfile } from './leg.ts';
import { parseDescription, type SessionDescription } from './session-description.ts';
import { SessionTranslation } from './session-translation.ts';

const OFFERS = SDP_VECTORS.filter((name) => name.endsWith('-offer'));
const BROWSERS = OFFERS.filter((name) => !/^(baresip|written)/.test(name));
const PHONES = OFFERS.filter((name) => /^(baresip|written)/.test(name));

function browserCalls(profile: PhoneProfile = 'RTP/AVP'): SessionTranslation {
  return new SessionTranslation({ caller: webrtcLeg(), callee: phoneLeg(profile) });
}

function phoneCalls(): SessionTranslation {
  return new SessionTranslation({ caller: phoneLeg(), callee: webrtcLeg() });
}

function code(action: () => unknown): string {
  try {
    action();
    return 'done';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.code;
  }
}

function version(text: string): number {
  return Number(parseDescription(text).origin.version);
}

function payloadTypes(description: SessionDescription, index = 0): number[] {
  return (description.media[index]?.codecs ?? []).map(({ payloadType }) => payloadType);
}

test.each(PHONE_PROFILES)('every offer of a browser becomes one that a phone with %s understands', (profile) => {
  for (const name of BROWSERS) {
    const offer = parseDescription(sdpVector(name));
    const made = parseDescription(browserCalls(profile).offer('caller', sdpVector(name)).text);
    expect(made.media.map(({ kind }) => kind)).toEqual(offer.media.map(({ kind }) => kind));
    const seen = classify(made);
    expect(seen).toMatchObject({ webrtc: false, ice: false, bundle: false, profile });
    expect(seen.sdes).toBe(/^RTP\/S/.test(profile));
    expect(seen.dtls).toBe(/^UDP\/TLS/.test(profile));
    for (const [index, section] of made.media.entries()) {
      const source = offer.media[index];
      if (section.kind === 'application') expect(section.rejected).toBe(true);
      else {
        expect([section.port, section.connection?.address]).toEqual([30_000 + 2 * index, '198.51.100.2']);
        expect(section.direction).toBe(source?.direction);
        for (const type of payloadTypes(made, index)) expect(payloadTypes(offer, index)).toContain(type);
        for (const event of source?.codecs.filter((codec) => codec.name === 'telephone-event') ?? [])
          expect(payloadTypes(made, index)).toContain(event.payloadType);
      }
      for (const name of ['mid', 'msid', 'ssrc', 'candidate', 'ice-ufrag', 'rid', 'simulcast', 'bundle-only'])
        expect(section.has(name)).toBe(false);
      if (!/AVPF$/.test(profile))
        for (const name of ['rtcp-fb', 'rtcp-rsize', 'extmap']) expect(section.has(name)).toBe(false);
    }
  }
});

test('every offer of a phone becomes one that a browser understands, with the numbers of the phone', () => {
  for (const name of PHONES) {
    const made = parseDescription(phoneCalls().offer('caller', sdpVector(name)).text);
    expect([name, classify(made).webrtc]).toEqual([name, true]);
    expect(payloadTypes(made)).toEqual(payloadTypes(parseDescription(sdpVector(name))));
    expect(made.bundle).toEqual(made.media.filter((section) => !section.rejected).map(({ mid }) => mid));
  }
});

test.each(PHONE_PROFILES)('every answer of a phone with %s answers what the browser offered', (profile) => {
  for (const name of BROWSERS) {
    const offer = parseDescription(sdpVector(name));
    const translation = browserCalls(profile);
    const toPhone = translation.offer('caller', sdpVector(name)).text;
    const { text, sections } = translation.answer('callee', phoneAnswer(toPhone));
    const answer = parseDescription(text);
    expect(answer.media.map(({ kind, proto, mid }) => [kind, proto, mid])).toEqual(
      offer.media.map(({ kind, proto, mid }) => [kind, proto, mid]),
    );
    const live = answer.media.filter((section) => !section.rejected);
    expect(answer.bundle).toEqual(live.map(({ mid }) => mid));
    expect(classify(answer).webrtc).toBe(true);
    for (const [index, section] of answer.media.entries()) {
      if (section.rejected) continue;
      for (const type of payloadTypes(answer, index)) expect(payloadTypes(offer, index)).toContain(type);
      expect(sections[index]?.caller).toMatchObject({ live: true, mux: true, transportIndex: 0 });
      expect(sections[index]?.caller.security).toMatchObject({ type: 'dtls', role: 'active' });
      expect(sections[index]?.callee.remote).toEqual({
        address: '192.0.2.70',
        port: 5000 + 2 * index,
        rtcpAddress: '192.0.2.70',
        rtcpPort: 5001 + 2 * index,
      });
    }
  }
});

test.each([
  ['avp', 'RTP/AVP', 'none', false],
  ['srtp-mand', 'RTP/SAVP', 'sdes', false],
  ['dtls', 'UDP/TLS/RTP/SAVPF', 'dtls', false],
  ['dtls-savp', 'UDP/TLS/RTP/SAVP', 'dtls', false],
  ['ice', 'RTP/AVP', 'none', true],
  ['ice-dtls', 'UDP/TLS/RTP/SAVPF', 'dtls', true],
] as const)('what baresip answered to our %s offer of audio and video is understood', (kind, profile, type, ice) => {
  const own = () => ({ ufrag: 'PhoneU', password: 'PhonePassword0123456789' });
  const callee = phoneLeg(profile, { ice: own });
  const translation = new SessionTranslation({ caller: webrtcLeg(), callee });
  translation.offer('caller', sdpVector('chromium-audio-video-offer'));
  const { text, sections } = translation.answer('callee', sdpVector(`baresip-1.0-${kind}-answer`));
  expect(payloadTypes(parseDescription(text))).toEqual([0, 8, 126]);
  expect(parseDescription(text).media.map(({ rejected }) => rejected)).toEqual([false, true]);
  expect(sections[0]?.callee).toMatchObject({ live: true, mux: false, security: { type } });
  expect(sections[0]?.callee.ice !== undefined).toBe(ice);
  expect(sections[1]?.callee.live).toBe(false);
});

test('a telephone-event keeps the number of the offer when the phone answers with another, and both are told', () => {
  const translation = browserCalls();
  translation.offer('caller', sdpVector('chromium-audio-offer'));
  const { text, sections } = translation.answer('callee', sdpVector('written-asterisk-answer'));
  expect(payloadTypes(parseDescription(text))).toEqual([0, 8, 126]);
  expect(sections[0]?.payloads.map(({ caller, callee }) => [caller, callee])).toEqual([
    [0, 0],
    [8, 8],
    [126, 101],
  ]);
  // RFC 3264 section 6.1: it hears its own number, and sends that of the offer.
  expect(sections[0]?.payloads.map(({ also }) => also)).toEqual([
    undefined,
    undefined,
    { side: 'callee', payloadType: 126 },
  ]);
});

test('a number of the offer that the answer has for something else is that, and stands for nothing else', () => {
  const translation = browserCalls();
  translation.offer('caller', sdpVector('chromium-audio-offer'));
  const swapped = sdpVector('written-asterisk-answer').replace(/ 0 8 101/, ' 0 8 101 126');
  const { sections } = translation.answer('callee', `${swapped}a=rtpmap:126 iLBC/8000\r\n`);
  expect(sections[0]?.payloads.map(({ callee, also }) => [callee, also])).toEqual([
    [0, undefined],
    [8, undefined],
    [101, undefined],
  ]);
});

test('an offer whose RTCP address is none is refused, and leaves no trace', () => {
  const translation = browserCalls();
  translation.offer('caller', sdpVector('chromium-audio-offer'));
  translation.answer('callee', sdpVector('written-asterisk-answer'));
  const hostile = sdpVector('chromium-audio-offer').replace(/^a=rtcp:.*$/m, 'a=rtcp:9 IN IP4 ;');
  expect(code(() => translation.offer('caller', hostile))).toBe('SDP_SYNTAX');
  expect(code(() => translation.offer('callee', sdpVector('written-yealink-offer')))).toBe('done');
});

test('video in the place of a fax or a data channel that was refused has a profile of RTP', () => {
  const phone = phoneCalls();
  phone.offer('caller', sdpVector('written-t38-offer'));
  phone.answer('callee', sdpVector('chromium-audio-answer'));
  const video = parseDescription(phone.offer('callee', sdpVector('chromium-audio-video-offer')).text).media[1];
  expect([video?.kind, video?.proto]).toEqual(['video', 'RTP/AVP']);
  const page = browserCalls();
  const data = sdpVector('chromium-audio-offer').replace(
    /\r\n$/,
    '\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n',
  );
  page.answer('callee', phoneAnswer(page.offer('caller', `${data}c=IN IP4 0.0.0.0\r\na=mid:9\r\n`).text));
  const both = sdpVector('written-polycom-video-offer');
  const offered = parseDescription(page.offer('callee', both).text).media[1];
  expect([offered?.kind, offered?.proto]).toEqual(['video', 'UDP/TLS/RTP/SAVPF']);
});

test('a caller with ICE and DTLS that does not bundle is answered with the one transport that there is', () => {
  const translation = new SessionTranslation({ caller: webrtcLeg(), callee: phoneLeg() });
  const offer = sdpVector('chromium-audio-video-offer').replace(/^a=group:BUNDLE.*\r\n/m, '');
  const made = translation.offer('caller', offer).text;
  const { text, sections } = translation.answer('callee', phoneAnswer(made));
  expect(parseDescription(text).media.map(({ kind, rejected }) => [kind, rejected])).toEqual([
    ['audio', false],
    ['video', true],
  ]);
  expect(sections.map(({ caller }) => caller.live)).toEqual([true, false]);
});

test('numbers that the bundle has twice are renumbered, and the answer brings the phone its own back', () => {
  const translation = phoneCalls();
  const offer = translation.offer('caller', sdpVector('written-asterisk-avpf-video-offer'));
  const made = parseDescription(offer.text);
  expect([payloadTypes(made, 0), payloadTypes(made, 1)]).toEqual([
    [96, 0, 97],
    [98, 99],
  ]);
  const browser = [
    'v=0',
    'o=- 5 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0 1',
    'm=audio 9 UDP/TLS/RTP/SAVPF 96 97',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=ice-ufrag:abcd',
    `a=ice-pwd:${'p'.repeat(24)}`,
    `a=fingerprint:sha-256 ${Array(32).fill('00').join(':')}`,
    'a=setup:active',
    'a=rtcp-mux',
    'a=rtpmap:96 opus/48000/2',
    'a=rtpmap:97 telephone-event/8000',
    'm=video 9 UDP/TLS/RTP/SAVPF 98',
    'c=IN IP4 0.0.0.0',
    'a=mid:1',
    'a=rtcp-mux',
    'a=rtpmap:98 VP8/90000',
    'a=rtcp-fb:98 nack pli',
    'a=rtcp-fb:98 ccm fir',
    '',
  ].join('\r\n');
  const { text, sections } = translation.answer('callee', browser);
  const answer = parseDescription(text);
  expect([payloadTypes(answer, 0), payloadTypes(answer, 1)]).toEqual([[96, 97], [96]]);
  expect(answer.media[1]?.feedback(96)).toEqual(['ccm fir']);
  expect(sections[1]?.payloads).toMatchObject([{ caller: 96, callee: 98 }]);
  expect(sections[1]?.callee).toMatchObject({ transportIndex: 0, ice: { remote: { ufrag: 'abcd' } } });
  expect(sections[1]?.callee.security).toMatchObject({ type: 'dtls', role: 'passive' });
});

test('early media, PRACK and 200 with the same answer have one translation and one version', () => {
  const translation = browserCalls();
  translation.offer('caller', sdpVector('chromium-audio-offer'));
  const early = translation.answer('callee', sdpVector('written-asterisk-answer'));
  const final = translation.answer('callee', sdpVector('written-asterisk-answer'));
  expect(final.text).toBe(early.text);
  expect(version(final.text)).toBe(1);
});

test('hold and resume: directions change, numbers, mids, ports and roles stay, each o= counts up by one', () => {
  const translation = browserCalls('UDP/TLS/RTP/SAVP');
  const toPhone: string[] = [];
  const toBrowser: string[] = [];
  for (const [name, direction] of [
    ['chromium-audio-offer', 'sendrecv'],
    ['chromium-hold-offer', 'sendonly'],
    ['chromium-audio-offer', 'sendrecv'],
  ] as const) {
    const text = sdpVector(name).replace(/^a=(sendrecv|sendonly)\r$/m, `a=${direction}\r`);
    const made = translation.offer('caller', text).text;
    toPhone.push(made);
    toBrowser.push(translation.answer('callee', phoneAnswer(made)).text);
  }
  const shape = (text: string): string =>
    text.replace(/^o=.*$/m, '').replace(/^a=(send|recv|inactive|msid:).*\r\n/gm, '');
  for (const texts of [toPhone, toBrowser]) {
    expect(texts.map(version)).toEqual([1, 2, 3]);
    expect(new Set(texts.map(shape)).size).toBe(1);
  }
  expect(toPhone.map((text) => parseDescription(text).media[0]?.direction)).toEqual([
    'sendrecv',
    'sendonly',
    'sendrecv',
  ]);
  expect(toBrowser.map((text) => parseDescription(text).media[0]?.direction)).toEqual([
    'sendrecv',
    'recvonly',
    'sendrecv',
  ]);
});

test('a refresh that changes nothing keeps the version', () => {
  const translation = browserCalls();
  const offer = sdpVector('chromium-audio-offer');
  const answer = sdpVector('written-asterisk-answer');
  const first = [translation.offer('caller', offer).text, translation.answer('callee', answer).text];
  expect([translation.offer('caller', offer).text, translation.answer('callee', answer).text]).toEqual(first);
});

test('the phone holds the old way and is answered recvonly; the browser keeps its numbers in the new offer', () => {
  const translation = browserCalls();
  translation.offer('caller', sdpVector('chromium-audio-offer'));
  translation.answer('callee', sdpVector('written-asterisk-answer'));
  const hold = sdpVector('written-asterisk-answer').replace('c=IN IP4 192.0.2.62', 'c=IN IP4 0.0.0.0');
  const made = parseDescription(translation.offer('callee', hold).text);
  expect(made.media[0]).toMatchObject({ mid: '0', direction: 'sendonly', proto: 'UDP/TLS/RTP/SAVPF' });
  expect(payloadTypes(made)).toEqual([0, 8, 101]);
  const { text } = translation.answer('caller', sdpVector('chromium-hold-answer').replaceAll('126', '101'));
  expect(parseDescription(text).media[0]).toMatchObject({ direction: 'recvonly', proto: 'RTP/AVP', port: 30_000 });
});

test('an ICE restart of the browser is answered with new credentials of ours, and reaches no phone', () => {
  const translation = browserCalls();
  const before = translation.offer('caller', sdpVector('chromium-audio-offer')).text;
  const first = translation.answer('callee', sdpVector('written-asterisk-answer')).text;
  const after = translation.offer('caller', sdpVector('chromium-ice-restart-offer')).text;
  const second = translation.answer('callee', sdpVector('written-asterisk-answer')).text;
  expect(after).toBe(before);
  expect(parseDescription(first).media[0]?.ice?.ufrag).toBe('WebU0');
  expect(parseDescription(second).media[0]?.ice?.ufrag).toBe('WebU1');
});

test('video is added later: its own ports at the phone, our bundle at the browser', () => {
  const translation = browserCalls();
  translation.offer('caller', sdpVector('chromium-audio-offer'));
  translation.answer('callee', sdpVector('written-asterisk-answer'));
  const made = translation.offer('caller', sdpVector('chromium-video-added-offer')).text;
  expect(parseDescription(made).media.map(({ kind, port }) => [kind, port])).toEqual([
    ['audio', 30_000],
    ['video', 30_002],
  ]);
  const { text } = translation.answer('callee', phoneAnswer(made));
  expect(parseDescription(text).bundle).toEqual(['0', '1']);
  // And then the phone re-offers both: no section is for the bundle alone any more.
  const reoffer = parseDescription(translation.offer('callee', phoneAnswer(made)).text);
  expect(reoffer.media.map(({ port, bundleOnly }) => [port, bundleOnly])).toEqual([
    [3478, false],
    [3478, false],
  ]);
});

test('the phone takes audio only: video is rejected in its place and leaves the bundle', () => {
  const translation = browserCalls();
  const made = translation.offer('caller', sdpVector('chromium-audio-video-offer')).text;
  const refusing = phoneAnswer(made, (text) => text.replace(/^m=video \d+/m, 'm=video 0'));
  const leavingOut = phoneAnswer(made, (text) => text.slice(0, text.indexOf('m=video')));
  for (const answer of [refusing, leavingOut]) {
    const { text, sections } = translation.answer('callee', answer);
    const description = parseDescription(text);
    expect(description.media.map(({ kind, port }) => [kind, port])).toEqual([
      ['audio', 3478],
      ['video', 0],
    ]);
    expect(description.bundle).toEqual(['0']);
    expect(sections[1]).toMatchObject({ payloads: [], caller: { live: false }, callee: { live: false } });
  }
});

test('a refused re-INVITE leaves what was agreed; o= still only counts up', () => {
  const translation = browserCalls();
  const first = translation.offer('caller', sdpVector('chromium-audio-offer')).text;
  translation.answer('callee', sdpVector('written-asterisk-answer'));
  const refused = translation.offer('caller', sdpVector('chromium-video-added-offer')).text;
  translation.reject();
  expect(code(() => translation.answer('callee', sdpVector('written-asterisk-answer')))).toBe('SDP_ANSWER');
  const again = translation.offer('caller', sdpVector('chromium-audio-offer')).text;
  expect([first, refused, again].map(version)).toEqual([1, 2, 3]);
  expect(again.replace(/^o=.*$/m, '')).toBe(first.replace(/^o=.*$/m, ''));
});

test('an offer that crosses another is told to come again, and the first one goes on', () => {
  const translation = browserCalls();
  translation.offer('caller', sdpVector('chromium-audio-offer'));
  expect(code(() => translation.offer('callee', sdpVector('written-yealink-offer')))).toBe('SDP_GLARE');
  expect(code(() => translation.answer('callee', sdpVector('written-asterisk-answer')))).toBe('done');
  expect(code(() => translation.offer('callee', sdpVector('written-yealink-offer')))).toBe('done');
});

test('a branch that is tried again offers again in its place', () => {
  const translation = browserCalls();
  const first = translation.offer('caller', sdpVector('chromium-audio-offer')).text;
  expect(translation.offer('caller', sdpVector('chromium-audio-offer')).text).toBe(first);
  expect(code(() => translation.answer('callee', sdpVector('written-asterisk-answer')))).toBe('done');
});

test('a delayed offer: the phone offers in its 200, the browser answers in ACK', () => {
  const translation = browserCalls();
  const made = parseDescription(translation.offer('callee', sdpVector('written-yealink-offer')).text);
  expect(classify(made).webrtc).toBe(true);
  const { text, sections } = translation.answer('caller', sdpVector('chromium-audio-answer'));
  const answer = parseDescription(text).media[0];
  expect(answer).toMatchObject({ proto: 'RTP/AVP', port: 30_000 });
  expect(payloadTypes(parseDescription(text))).toEqual([9, 0, 8, 101]);
  expect(sections[0]?.payloads.at(-1)).toMatchObject({ caller: 126, callee: 101 });
});

test('each branch of a forked call has its own answer', () => {
  const first = browserCalls();
  first.offer('caller', sdpVector('chromium-audio-offer'));
  const second = first.fork(phoneLeg('RTP/AVP', { sessionId: '3003' }));
  const one = first.answer('callee', sdpVector('written-asterisk-answer')).text;
  const two = second.answer('callee', sdpVector('written-asterisk-answer').replace(' 0 8 101', ' 8 101')).text;
  expect(payloadTypes(parseDescription(one))).toEqual([0, 8, 126]);
  expect(payloadTypes(parseDescription(two))).toEqual([8, 126]);
  expect(first.answer('callee', sdpVector('written-asterisk-answer')).text).toBe(one);
});

test('an early dialog that comes after another one has exchanged offers of its own answers the first offer', () => {
  const first = browserCalls();
  first.offer('caller', sdpVector('chromium-audio-offer'));
  const one = first.answer('callee', sdpVector('written-asterisk-answer')).text;
  first.offer('callee', sdpVector('written-yealink-hold-offer'));
  first.answer('caller', sdpVector('chromium-hold-answer'));
  const second = first.fork(phoneLeg('RTP/AVP', { sessionId: '3003' }));
  const two = second.answer('callee', sdpVector('written-asterisk-answer')).text;
  expect(two.replace(/^o=.*$/m, '')).toBe(one.replace(/^o=.*$/m, ''));
  expect([version(one), version(two)]).toEqual([1, 3]);
});

test('SDES: the first suite that both have, the tag of the phone, keys for both ways', () => {
  const translation = phoneCalls();
  translation.offer('caller', sdpVector('written-yealink-srtp-offer'));
  const { text, sections } = translation.answer('callee', sdpVector('chromium-audio-answer'));
  expect(parseDescription(text).media[0]?.attributes('crypto')).toEqual([
    `1 AES_CM_128_HMAC_SHA1_80 inline:${'C'.repeat(39)}0`,
  ]);
  expect(sections[0]?.caller.security).toMatchObject({
    type: 'sdes',
    send: { key: `${'C'.repeat(39)}0` },
    receive: [{ key: 'NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj' }],
  });
});

test('a phone that wants SRTP with a suite nobody has is answered with port 0, never in the clear', () => {
  const translation = phoneCalls();
  const offer = sdpVector('baresip-1.0-srtp-mand-offer').replace('AES_CM_128_HMAC_SHA1_80', 'F8_128_HMAC_SHA1_80');
  translation.offer('caller', offer);
  const { text, sections } = translation.answer('callee', sdpVector('chromium-audio-answer'));
  expect(parseDescription(text).media[0]).toMatchObject({ port: 0, proto: 'RTP/SAVP' });
  expect(sections[0]?.caller.live).toBe(false);
});

test('answers that break what was offered are refused', () => {
  const broken = (profile: PhoneProfile, change: (text: string) => string): string => {
    const translation = browserCalls(profile);
    const made = translation.offer('caller', sdpVector('chromium-audio-video-offer')).text;
    return code(() => translation.answer('callee', phoneAnswer(made, change)));
  };
  expect(broken('RTP/SAVP', (text) => text)).toBe('done');
  expect(broken('RTP/SAVP', (text) => text.replaceAll('RTP/SAVP', 'RTP/AVP'))).toBe('SDP_ANSWER');
  expect(broken('RTP/SAVP', (text) => text.replaceAll('crypto:1', 'crypto:7'))).toBe('SDP_ANSWER');
  expect(broken('RTP/SAVP', (text) => text.replaceAll('a=crypto', 'a=x-crypto'))).toBe('SDP_ANSWER');
  expect(broken('UDP/TLS/RTP/SAVP', (text) => text.replaceAll('a=fingerprint', 'a=x'))).toBe('SDP_ANSWER');
  expect(broken('UDP/TLS/RTP/SAVP', (text) => text.replaceAll('setup:active', 'setup:actpass'))).toBe('SDP_ANSWER');
  expect(broken('RTP/AVP', (text) => `${text}m=audio 1 RTP/AVP 0\r\n`)).toBe('SDP_ANSWER');
  expect(broken('RTP/AVP', (text) => text.replace('m=video', 'm=image'))).toBe('SDP_ANSWER');
  const translation = browserCalls();
  expect(code(() => translation.answer('callee', sdpVector('written-asterisk-answer')))).toBe('SDP_ANSWER');
});

test('a header extension keeps the number that a browser knows it by, and no other takes it', () => {
  const mid = 'urn:ietf:params:rtp-hdrext:sdes:mid';
  const level = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';
  const translation = new SessionTranslation({
    caller: webrtcLeg({ headerExtensions: [mid] }),
    callee: phoneLeg('RTP/AVPF'),
  });
  const made = translation.offer('caller', sdpVector('chromium-audio-offer')).text;
  const numbers = (text: string) =>
    parseDescription(text).media[0]?.headerExtensions.map(({ id, uri }) => `${id} ${uri}`);
  expect(numbers(made)).toEqual([`1 ${level}`]);
  const answer = phoneAnswer(made, (text) => `${text}a=extmap:1 ${level}\r\n`);
  expect(numbers(translation.answer('callee', answer).text)).toEqual([`1 ${level}`, `4 ${mid}`]);
  // The phone has numbers of its own, one of which is another extension in the browser.
  const again = answer.replace(`1 ${level}`, `4 ${level}\r\na=extmap:1 urn:ietf:params:rtp-hdrext:csrc-audio-level`);
  const offered = numbers(translation.offer('callee', again).text);
  expect(offered).toEqual([`1 ${level}`, expect.stringMatching(/^1[0-4] .*csrc/), `4 ${mid}`]);
});

test('an answer that leaves the DTLS roles open keeps those of the association', () => {
  const translation = new SessionTranslation({ caller: phoneLeg('UDP/TLS/RTP/SAVPF'), callee: webrtcLeg() });
  const dtls = sdpVector('baresip-1.0-dtls-offer');
  translation.offer('caller', dtls);
  const { sections } = translation.answer('callee', sdpVector('chromium-audio-answer'));
  const agreed = sections[0]?.caller.security;
  expect(agreed).toMatchObject({ type: 'dtls', role: 'passive' });
  translation.offer('callee', sdpVector('chromium-audio-offer'));
  expect(translation.answer('caller', dtls).sections[0]?.caller.security).toEqual(agreed);
  // With another certificate it would be another association.
  translation.offer('callee', sdpVector('chromium-audio-offer'));
  const other = dtls.replace(/(a=fingerprint:\S+ )../g, '$100');
  expect(code(() => translation.answer('caller', other))).toBe('SDP_ANSWER');
});

test('an offer in which nothing can be carried is 488, and leaves no trace', () => {
  const translation = phoneCalls();
  const head = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n';
  for (const section of [
    'm=image 4368 udptl t38',
    'm=audio 4000 RTP/AVP 96',
    'm=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000',
  ])
    expect(code(() => translation.offer('caller', `${head}${section}\r\n`))).toBe('SDP_NOT_ACCEPTABLE');
  expect(code(() => translation.offer('caller', sdpVector('baresip-1.0-avp-offer')))).toBe('done');
});

test('two phones, two browsers: any leg may stand on any side', () => {
  const phones = new SessionTranslation({ caller: phoneLeg(), callee: phoneLeg('RTP/SAVP', { sessionId: '3' }) });
  const made = phones.offer('caller', sdpVector('written-yealink-offer')).text;
  expect(classify(parseDescription(made))).toMatchObject({ sdes: true, profile: 'RTP/SAVP' });
  expect(parseDescription(phones.answer('callee', phoneAnswer(made)).text).media[0]?.proto).toBe('RTP/AVP');

  const browsers = new SessionTranslation({ caller: webrtcLeg(), callee: webrtcLeg({ sessionId: '4' }) });
  const offer = parseDescription(browsers.offer('caller', sdpVector('chromium-audio-video-offer')).text);
  expect(classify(offer)).toMatchObject({ webrtc: true, bundle: true });
  const { text } = browsers.answer('callee', sdpVector('chromium-audio-video-answer'));
  expect(classify(parseDescription(text))).toMatchObject({ webrtc: true, bundle: true });
});

test('the DTLS role that came of the first answer stays in the next ones', () => {
  const translation = phoneCalls();
  translation.offer('caller', sdpVector('baresip-1.0-avp-offer'));
  const first = translation.answer('callee', sdpVector('chromium-audio-answer'));
  expect(first.sections[0]?.callee.security).toMatchObject({ role: 'passive' });
  const again = sdpVector('chromium-audio-answer').replace('setup:active', 'setup:actpass');
  translation.offer('callee', again);
  const { text } = translation.answer('caller', sdpVector('written-asterisk-answer'));
  expect(parseDescription(text).media[0]?.setup).toBe('passive');
  // Another certificate is another association: our own preference holds again.
  translation.offer(
    'callee',
    again.replace('fingerprint:sha-256 ', 'fingerprint:sha-256 00:').replace(/(fingerprint:.*):..\r/, '$1\r'),
  );
  const renewed = translation.answer('caller', sdpVector('written-asterisk-answer')).text;
  expect(parseDescription(renewed).media[0]?.setup).toBe('active');
});

test('a phone that answers passive gets our ClientHello', () => {
  const translation = browserCalls('UDP/TLS/RTP/SAVP');
  const made = translation.offer('caller', sdpVector('chromium-audio-offer')).text;
  const answer = phoneAnswer(made, (text) => text.replace('setup:active', 'setup:passive'));
  expect(translation.answer('callee', answer).sections[0]?.callee.security).toMatchObject({ role: 'active' });
});

test('crypto lines that cannot be taken are passed over, and the tag of the next one is answered', () => {
  const translation = phoneCalls();
  const offer = sdpVector('baresip-1.0-srtp-mand-offer');
  const line = /a=crypto:1 .*\r\n/.exec(offer)?.[0] ?? '';
  const lines = [
    line.replace('\r', ' UNENCRYPTED_SRTP\r'),
    line.replace(':1 ', ':2 ').replace('\r', '|1:4\r'),
    line.replace(':1 ', ':3 '),
  ];
  translation.offer('caller', offer.replace(line, lines.join('')));
  const { text } = translation.answer('callee', sdpVector('chromium-audio-answer'));
  expect(parseDescription(text).media[0]?.cryptos.map(({ tag }) => tag)).toEqual([3]);
});

test('ICE and rtcp-mux are answered where the phone offered them, and only there', () => {
  const ice = () => ({ ufrag: 'PhoneU', password: 'PhonePassword0123456789' });
  const answered = (offer: string) => {
    const translation = new SessionTranslation({ caller: phoneLeg('RTP/AVP', { ice }), callee: webrtcLeg() });
    translation.offer('caller', offer);
    const { text, sections } = translation.answer('callee', sdpVector('chromium-audio-answer'));
    const section = parseDescription(text).media[0];
    return { ice: section?.ice !== undefined, mux: section?.rtcpMux, rtcp: sections[0]?.caller.remote?.rtcpPort };
  };
  const plain = sdpVector('baresip-1.0-avp-offer');
  expect(answered(plain)).toEqual({ ice: false, mux: false, rtcp: 14_083 });
  expect(answered(`${plain}a=rtcp-mux\r\n`)).toEqual({ ice: false, mux: true, rtcp: 14_082 });
  expect(answered(sdpVector('baresip-1.0-ice-offer'))).toEqual({ ice: true, mux: false, rtcp: 9703 });
});

test('a phone that leaves the H.264 format out of its answer means what was offered', () => {
  const translation = browserCalls();
  const made = translation.offer('caller', sdpVector('chromium-audio-video-offer')).text;
  const answer = phoneAnswer(made, (text) =>
    text.replace(/^m=video (\d+) (\S+) .*$/m, 'm=video $1 $2 108').replace(/^a=fmtp:108 .*\r\n/m, ''),
  );
  expect(parseDescription(translation.answer('callee', answer).text).media[1]?.codecs).toMatchObject([
    { payloadType: 108, format: expect.stringContaining('packetization-mode=1') },
  ]);
});

test('a refused ICE restart or profile is forgotten', () => {
  const translation = browserCalls();
  const answer = sdpVector('written-asterisk-answer');
  translation.offer('caller', sdpVector('chromium-audio-offer'));
  const first = translation.answer('callee', answer).text;
  translation.offer('caller', sdpVector('chromium-ice-restart-offer'));
  translation.reject();
  translation.offer('caller', sdpVector('chromium-audio-offer'));
  expect(translation.answer('callee', answer).text).toBe(first);

  const video = translation.offer('caller', sdpVector('chromium-video-added-offer')).text;
  translation.answer('callee', phoneAnswer(video));
  translation.offer('callee', phoneAnswer(video).replaceAll('RTP/AVP', 'RTP/AVPF'));
  translation.reject();
  const after = parseDescription(translation.offer('caller', sdpVector('chromium-video-added-offer')).text);
  expect(after.media.map((section) => [section.proto, section.has('rtcp-fb')])).toEqual([
    ['RTP/AVP', false],
    ['RTP/AVP', false],
  ]);
});

test('formats that name other formats follow them when they are renumbered', () => {
  const browsers = new SessionTranslation({ caller: webrtcLeg(), callee: webrtcLeg({ sessionId: '4' }) });
  const made = parseDescription(browsers.offer('caller', sdpVector('firefox-screen-data-offer')).text);
  const all = made.media.flatMap((_, index) => payloadTypes(made, index));
  expect(new Set(all).size).toBe(all.length);
  for (const { codecs } of made.media.slice(1, 3)) {
    const repairs = codecs.filter(({ name }) => name === 'rtx');
    expect(repairs.length).toBeGreaterThan(2);
    for (const { format } of repairs)
      expect(codecs.find(({ payloadType }) => `apt=${payloadType}` === format)?.name).toMatch(/VP8|VP9|AV1|red|H264/);
  }
});

test('a source keeps its name at a browser while it is held', () => {
  const translation = new SessionTranslation({
    caller: webrtcLeg({ source: () => ({ ssrc: 7000, cname: 'chappe' }) }),
    callee: phoneLeg(),
  });
  const { text } = translation.offer('caller', sdpVector('chromium-hold-offer'));
  const [audio] = parseDescription(translation.answer('callee', phoneAnswer(text, hold)).text).media;
  expect(audio?.direction).toBe('recvonly');
  expect(audio?.attribute('ssrc')).toBe('7000 cname:chappe');
});

function hold(answer: string): string {
  return `${answer}a=recvonly\r\n`;
}

test('a browser learns the source of the picture and that of its retransmissions', () => {
  const source = (index: number) => ({ ssrc: 100 + index, cname: 'us', repair: 200 + index });
  const translation = new SessionTranslation({ caller: webrtcLeg(), callee: webrtcLeg({ source }) });
  const made = translation.offer('caller', sdpVector('chromium-audio-video-offer')).text;
  expect(made.match(/^a=ssrc.*$/gm)?.map((line) => line.trim())).toEqual([
    'a=ssrc:100 cname:us',
    'a=ssrc-group:FID 101 201',
    'a=ssrc:101 cname:us',
    'a=ssrc:201 cname:us',
  ]);
});

test('a bundle has 127 numbers: sections that find none free are refused, and never written without formats', () => {
  const browsers = new SessionTranslation({ caller: webrtcLeg(), callee: webrtcLeg({ sessionId: '4' }) });
  const formats = Array.from({ length: 100 }, (_, i) => i);
  const section = `m=video 9 UDP/TLS/RTP/SAVPF ${formats.join(' ')}\r\n${ICE}${formats.map((i) => `a=rtpmap:${i} X${i}/90000\r\n`).join('')}`;
  const made = parseDescription(browsers.offer('caller', HEAD + section.repeat(4)).text);
  expect(made.media.map(({ rejected }) => rejected)).toEqual([false, false, true, true]);
});

test('feedback for all formats does not grow into more than was said, nor a translation beyond what anybody takes', () => {
  const formats = Array.from({ length: 128 }, (_, i) => i);
  const offer = (feedback: string) =>
    `${HEAD}m=video 9 UDP/TLS/RTP/SAVPF ${formats.join(' ')}\r\n${ICE}${formats.map((i) => `a=rtpmap:${i} VP8/90000\r\n`).join('')}${feedback}`;
  const many = Array.from({ length: 1500 }, (_, i) => `a=rtcp-fb:* nack x${i}\r\n`).join('');
  const { text } = phoneToBrowser().offer('caller', offer(many));
  expect(text.length).toBeLessThan(65_536);
  const long = Array.from({ length: 16 }, (_, i) => `a=rtcp-fb:* nack ${i}${'y'.repeat(2000)}\r\n`).join('');
  expect(() => phoneToBrowser().offer('caller', offer(long))).toThrow('too long');
});

test('a phone that offers SRTP and plain RTP for the same sound is answered with the first', () => {
  const crypto = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj\r\n';
  const offer = `${HEAD}m=audio 4000 RTP/SAVP 0\r\n${crypto}m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n`;
  const translation = new SessionTranslation({ caller: phoneLeg('RTP/SAVP'), callee: webrtcLeg() });
  const sent = parseDescription(translation.offer('caller', offer).text);
  expect(sent.media.map(({ rejected }) => rejected)).toEqual([false, true, false]);
  const section = (kind: string, mid: number, formats: string) =>
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${formats}\r\na=mid:${mid}\r\na=rtpmap:96 VP8/90000\r\n${ICE.replace('actpass', 'active')}`;
  const refused = 'm=audio 0 UDP/TLS/RTP/SAVPF 0\r\n';
  const { text } = translation.answer('callee', HEAD + section('audio', 0, '0') + refused + section('video', 2, '96'));
  expect(text.match(/^m=.*$/gm)?.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
    'm=audio 30000 RTP/SAVP',
    'm=audio 0 RTP/AVP',
    'm=video 30004 RTP/AVP',
  ]);
});

const HEAD = 'v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n';
const ICE = `a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 ${Array(32).fill('AA').join(':')}\r\na=setup:actpass\r\na=rtcp-mux\r\n`;

function phoneToBrowser(): SessionTranslation {
  return new SessionTranslation({ caller: phoneLeg('UDP/TLS/RTP/SAVPF'), callee: webrtcLeg() });
}
