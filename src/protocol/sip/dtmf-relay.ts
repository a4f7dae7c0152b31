import type { Body } from './user-agent-event.ts';

const TONE = /^[0-9*#A-Da-d]$/;

/** COMPAT: no RFC, but what phones send in INFO: `Signal=5` and `Duration=160`. Throws RangeError. */
export function serializeDtmfRelay(tone: string, duration: number): Body {
  if (!TONE.test(tone) || !(duration > 0 && duration <= 60_000)) throw new RangeError('Not a tone');
  return {
    type: 'application/dtmf-relay',
    content: `Signal=${tone.toUpperCase()}\r\nDuration=${Math.round(duration)}\r\n`,
  };
}

/** Undefined when the body is no tone. `application/dtmf` has the tone alone. */
export function parseDtmfRelay(body: Body): { tone: string; duration: number } | undefined {
  const type = body.type.split(';')[0]?.trim().toLowerCase();
  let tone: string | undefined;
  let duration = 250;
  if (type === 'application/dtmf') tone = body.content.trim();
  else if (type === 'application/dtmf-relay') {
    tone = /^[ \t]*signal[ \t]*=[ \t]*(\S)[ \t]*$/im.exec(body.content.slice(0, 256))?.[1];
    const named = /^[ \t]*duration[ \t]*=[ \t]*(\d{1,5})[ \t]*$/im.exec(body.content.slice(0, 256))?.[1];
    if (named !== undefined) duration = Number(named);
  }
  return tone !== undefined && TONE.test(tone) ? { tone: tone.toUpperCase(), duration } : undefined;
}
