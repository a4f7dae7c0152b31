import { expect, test } from 'vitest';
import { phoneAnswer, phoneLeg, webrtcLeg } from '../../../test/support/sdp-legs.ts';
import { sdpVector } from '../../../test/support/sdp-vectors.ts';
import { parseDescription } from './session-description.ts';
import { SessionTranslation } from './session-translation.ts';
import { TRANSCODED_FOR_BROWSERS, TRANSCODED_FOR_PHONES } from './transcoding.ts';
import type { PayloadPair } from './translate-content.ts';

const toPhone = phoneLeg('RTP/AVP', { transcode: () => TRANSCODED_FOR_PHONES });
const toBrowser = webrtcLeg({ transcode: () => TRANSCODED_FOR_BROWSERS });

function browserCalls(): SessionTranslation {
  return new SessionTranslation({ caller: toBrowser, callee: toPhone });
}

function phoneCalls(): SessionTranslation {
  return new SessionTranslation({ caller: toPhone, callee: toBrowser });
}

/** A browser that has these payload types of its own alone. */
function only(name: string, ...types: number[]): string {
  return sdpVector(name)
    .replace(/^(m=audio \d+ \S+) .*\r$/m, `$1 ${types.join(' ')}\r`)
    .replace(/^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) .*\r\n/gm, (line, type) => (types.includes(Number(type)) ? line : ''));
}

/** Lines that name a codec. */
function codecs(text: string, index = 0): string[] {
  const section = parseDescription(text).media[index];
  return (section?.codecs ?? []).map(
    ({ payloadType, name, clockRate, format }) => `${payloadType} ${name}/${clockRate}${format ? ` ${format}` : ''}`,
  );
}

function pairs(payloads: readonly PayloadPair[] | undefined): string[] {
  return (payloads ?? []).map(({ caller, callee, codec, transcode }) => {
    const names = transcode ? `${transcode.caller.name}/${transcode.caller.clockRate}` : codec.name;
    return `${caller} ${callee} ${names}${transcode ? ` ${transcode.callee.name}/${transcode.callee.clockRate}` : ''}`;
  });
}

/** A phone with these formats and nothing else. */
function phoneWith(offer: string, ...formats: string[]): string {
  return phoneAnswer(offer, (text) =>
    text
      .replace(/^(m=audio \d+ \S+) .*\r$/m, `$1 ${formats.join(' ')}\r`)
      .replace(/^a=(?:rtpmap|fmtp):(\d+) .*\r\n/gm, (line, type) => (formats.includes(type) ? line : '')),
  );
}

test('a browser that offers Opus alone: the phone is offered G.711 and G.722 behind it, and events by their clock', () => {
  const { text } = browserCalls().offer('caller', only('chromium-audio-offer', 111, 110));
  expect(codecs(text)).toEqual([
    '111 opus/48000 minptime=10;useinbandfec=1',
    '110 telephone-event/48000 0-15',
    '0 PCMU/8000',
    '8 PCMA/8000',
    '9 G722/8000',
    '101 telephone-event/8000 0-15',
  ]);
});

test('the phone takes G.711: the browser is answered with Opus and its own event, and the pairs say what is what', () => {
  const translation = browserCalls();
  const offer = translation.offer('caller', only('chromium-audio-offer', 111, 110, 126));
  const { text, sections } = translation.answer('callee', phoneWith(offer.text, '8', '0', '126'));
  expect(codecs(text)).toEqual(['111 opus/48000 minptime=10;useinbandfec=1', '110 telephone-event/48000']);
  expect(pairs(sections[0]?.payloads)).toEqual([
    '111 8 opus/48000 PCMA/8000',
    '111 0 opus/48000 PCMU/8000',
    '110 126 telephone-event/48000 telephone-event/8000',
  ]);
});

test('the phone takes Opus: it passes, and G.711 that it may send nevertheless is understood', () => {
  const translation = browserCalls();
  const offer = translation.offer('caller', only('chromium-audio-offer', 111, 110));
  const { text, sections } = translation.answer('callee', phoneAnswer(offer.text));
  expect(codecs(text)).toEqual(['111 opus/48000 minptime=10;useinbandfec=1', '110 telephone-event/48000 0-15']);
  expect(pairs(sections[0]?.payloads)).toEqual([
    '111 111 opus',
    '110 110 telephone-event',
    '111 0 opus/48000 PCMU/8000',
    '111 8 opus/48000 PCMA/8000',
    '111 9 opus/48000 G722/8000',
    '110 101 telephone-event/48000 telephone-event/8000',
  ]);
});

test('early media before an answer is understood in the same way', () => {
  const { sections } = browserCalls().offer('caller', only('chromium-audio-offer', 111));
  expect(pairs(sections[0]?.payloads)).toEqual([
    '111 111 opus',
    '111 0 opus/48000 PCMU/8000',
    '111 8 opus/48000 PCMA/8000',
    '111 9 opus/48000 G722/8000',
  ]);
});

test.each(['chromium-audio-offer', 'firefox-audio-offer', 'chromium-audio-video-offer'])(
  'nothing is added to %s: every phone has G.711',
  (name) => {
    const plain = new SessionTranslation({ caller: webrtcLeg(), callee: phoneLeg() }).offer('caller', sdpVector(name));
    expect(browserCalls().offer('caller', sdpVector(name))).toEqual(plain);
  },
);

test('a phone with G.722 alone: the browser is offered Opus and G.711 behind it', () => {
  const translation = phoneCalls();
  const offer = sdpVector('written-yealink-offer')
    .replace(/^(m=audio \d+ \S+) .*\r$/m, '$1 9 101\r')
    .replace(/^a=(rtpmap|fmtp):(?!9 |101 ).*\r\n/gm, '');
  const made = translation.offer('caller', offer).text;
  expect(codecs(made)).toEqual([
    '9 G722/8000',
    '101 telephone-event/8000 0-15',
    '111 opus/48000 minptime=10;useinbandfec=1',
    '0 PCMU/8000',
    '8 PCMA/8000',
    '110 telephone-event/48000',
  ]);
  const { text, sections } = translation.answer('callee', only('chromium-audio-answer', 111, 110));
  expect(codecs(text)).toEqual(['9 G722/8000', '101 telephone-event/8000 0-15']);
  expect(pairs(sections[0]?.payloads)).toEqual([
    '9 111 G722/8000 opus/48000',
    '101 110 telephone-event/8000 telephone-event/48000',
  ]);
});

test('G.729 beside PCMA: PCMA passes and nothing is added; G.729 alone cannot be translated', () => {
  const offer = (formats: string): string =>
    `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9 RTP/AVP ${formats}\r\n`;
  expect(codecs(phoneCalls().offer('caller', offer('18 8')).text)).toEqual(['18 G729/8000', '8 PCMA/8000']);
  expect(codecs(phoneCalls().offer('caller', offer('18')).text)).toEqual(['18 G729/8000']);
});

test('a trunk that is offered no Opus gets G.711 for it', () => {
  const trunk = phoneLeg('RTP/AVP', { transcode: () => TRANSCODED_FOR_PHONES, codecs: ({ name }) => name !== 'opus' });
  const translation = new SessionTranslation({ caller: webrtcLeg(), callee: trunk });
  const offer = translation.offer('caller', only('chromium-audio-offer', 111, 110)).text;
  expect(codecs(offer).slice(1, 3)).toEqual(['0 PCMU/8000', '8 PCMA/8000']);
  const { text, sections } = translation.answer('callee', phoneWith(offer, '0', '101'));
  expect(codecs(text)[0]).toMatch(/^111 opus/);
  expect(pairs(sections[0]?.payloads)[0]).toBe('111 0 opus/48000 PCMU/8000');
});

test('no leg allows it: nothing is added, and an answer without a codec of the offer is refused in its place', () => {
  const translation = new SessionTranslation({ caller: webrtcLeg(), callee: phoneLeg() });
  const offer = translation.offer('caller', only('chromium-audio-offer', 111, 110)).text;
  expect(codecs(offer)).toHaveLength(2);
  const answer = phoneAnswer(offer, (text) => text.replace(/^(m=audio \d+ \S+) .*\r$/m, '$1 0\r'));
  expect(parseDescription(translation.answer('callee', answer).text).media[0]?.rejected).toBe(true);
});

test('numbers stay: a refresh is the same text, and a hold by the phone offers the browser its own codec again', () => {
  const translation = browserCalls();
  const offer = only('chromium-audio-offer', 111, 110);
  const first = translation.offer('caller', offer).text;
  const answer = phoneWith(first, '0', '101');
  const told = translation.answer('callee', answer).text;
  expect(translation.offer('caller', offer).text).toBe(first);
  expect(translation.answer('callee', answer).text).toBe(told);

  const hold = translation.offer('callee', answer.replace(/^(m=.*)$/m, '$1\r\na=sendonly')).text;
  expect(codecs(hold)).toEqual([
    '0 PCMU/8000',
    '101 telephone-event/8000 0-15',
    '111 opus/48000 minptime=10;useinbandfec=1',
    '8 PCMA/8000',
    '110 telephone-event/48000',
  ]);
  const held = translation.answer('caller', only('chromium-hold-answer', 111, 110));
  expect(codecs(held.text)).toEqual(['0 PCMU/8000', '101 telephone-event/8000 0-15']);
  expect(pairs(held.sections[0]?.payloads)).toEqual([
    '111 0 opus/48000 PCMU/8000',
    '110 101 telephone-event/48000 telephone-event/8000',
  ]);
});

test('comfort noise of the phone stays paired, and the browser with Opus is not told of it', () => {
  const translation = browserCalls();
  const offer = translation.offer('caller', only('chromium-audio-offer', 111, 13)).text;
  const { text, sections } = translation.answer('callee', phoneWith(offer, '0', '13'));
  expect(codecs(text)).toHaveLength(1);
  expect(pairs(sections[0]?.payloads)).toEqual(['111 0 opus/48000 PCMU/8000', '13 13 CN']);
});

test('a fork and a refused offer keep the numbers apart and as they were', () => {
  const translation = browserCalls();
  const offer = only('chromium-audio-offer', 111, 110);
  const first = translation.offer('caller', offer).text;
  const fork = translation.fork();
  translation.reject();
  expect(codecs(translation.offer('caller', offer).text)).toEqual(codecs(first));
  expect(codecs(fork.answer('callee', phoneWith(first, '9', '101')).text)[0]).toMatch(/^111 opus/);
});
