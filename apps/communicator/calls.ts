import { computed, signal } from '@preact/signals';
import type { Call, CallEnd, ClientError } from '../../src/client/index.ts';
import { announce, notify } from '../ui/notices.tsx';
import { onSession, session } from './session.ts';

/**
 * The calls of this page. Call objects change by themselves; `calls` is assigned anew with each change, so that views
 * that read it are drawn again.
 */
export const calls = signal<readonly Call[]>([]);
/** The call in the middle of the screen. */
export const shownId = signal<string | undefined>(undefined);
/** A second call that was placed to announce a transfer of the first: both by id. */
export const consultation = signal<{ first: string; second: string } | undefined>(undefined);

export const incoming = computed(() =>
  calls.value.filter((call) => call.direction === 'incoming' && call.state === 'ringing' && !call.replaces),
);
export const ongoing = computed(() =>
  calls.value.filter((call) => call.direction === 'outgoing' || call.state !== 'ringing'),
);
export const shown = computed(() => ongoing.value.find(({ id }) => id === shownId.value));

onSession(({ client }) => {
  calls.value = [];
  client.on('call', (call) => {
    // What a transfer brings in place of another call is shown at once; nobody has to answer it.
    if (call.direction === 'incoming' && !call.replaces) announce(`${call.remote.name} is calling`);
    else show(call);
    adopt(call);
  });
});

export async function placeCall(target: string, video: boolean): Promise<Call | undefined> {
  const current = session.value;
  if (!current) return undefined;
  await holdOthers();
  try {
    const call = current.client.call(target, { audio: true, video });
    adopt(call);
    show(call);
    return call;
  } catch (error) {
    notify(explain(error), 'bad');
    return undefined;
  }
}

export async function answer(call: Call, video: boolean): Promise<void> {
  await holdOthers(call);
  show(call);
  await attempt(call.answer({ audio: true, video }));
}

export function show(call: Call): void {
  shownId.value = call.id;
}

/** Goes to another call: the one before waits on hold. */
export async function swapTo(call: Call): Promise<void> {
  await holdOthers(call);
  show(call);
  if (call.held) await attempt(call.resume());
}

export async function consult(first: Call, target: string): Promise<void> {
  const second = await placeCall(target, false);
  if (second) consultation.value = { first: first.id, second: second.id };
}

export async function connectBoth(first: Call, second: Call): Promise<void> {
  consultation.value = undefined;
  await attempt(first.transferTo(second), `${first.remote.name} and ${second.remote.name} are connected.`);
}

export async function transfer(call: Call, target: string): Promise<void> {
  await attempt(call.transfer(target), `${call.remote.name} was transferred to ${target}.`);
}

/** Runs something that may fail and tells the person how it went. */
export async function attempt(action: Promise<unknown>, done?: string): Promise<void> {
  try {
    await action;
    if (done) notify(done);
  } catch (error) {
    notify(explain(error), 'bad');
  }
}

async function holdOthers(except?: Call): Promise<void> {
  const others = ongoing.peek().filter((call) => call !== except && call.state === 'active' && !call.held);
  await Promise.all(others.map((call) => attempt(call.hold())));
}

function adopt(call: Call): void {
  let before = '';
  const refresh = (): void => {
    calls.value = [...calls.peek()];
    const now = describe(call);
    if (now !== before && call.state !== 'ended') announce(`${call.remote.name}: ${now || 'connected'}`);
    before = now;
  };
  call.on('change', refresh);
  call.on('error', (error) => notify(explain(error), 'bad'));
  call.on('ended', (end) => {
    calls.value = calls.peek().filter((other) => other !== call);
    const reason = explainEnd(call, end);
    if (reason) notify(reason);
    else announce(`Call with ${call.remote.name} ended`);
    const pair = consultation.peek();
    if (pair && (pair.first === call.id || pair.second === call.id)) {
      consultation.value = undefined;
      // The one who was asked is gone again: back to the one who waits.
      const first = calls.peek().find(({ id }) => id === pair.first);
      if (first?.held) void swapTo(first);
    } else if (shownId.peek() === call.id) shownId.value = ongoing.peek().at(-1)?.id;
  });
  calls.value = [...calls.peek(), call];
}

/** The state of a call in words. */
export function describe(call: Call): string {
  if (call.state === 'calling') return 'Calling…';
  if (call.state === 'ringing') return call.direction === 'incoming' ? 'Incoming call' : 'Ringing…';
  if (call.state === 'connecting') return 'Connecting…';
  if (call.state === 'ended') return 'Ended';
  if (call.transferring) return 'Transferring…';
  if (call.held) return 'On hold';
  if (call.remoteHold) return `${call.remote.name} put you on hold`;
  if (call.interrupted) return 'Reconnecting…';
  return '';
}

function explainEnd(call: Call, end: CallEnd): string | undefined {
  const who = call.remote.name;
  if (end.error) return explain(end.error);
  if (end.by === 'local' || end.replaced) return undefined;
  if (call.direction === 'incoming' && end.by === 'remote' && call.startedAt === undefined)
    return end.elsewhere ? undefined : `Missed call from ${who}.`;
  switch (end.status) {
    case undefined:
    case 200:
      return end.by === 'remote' ? undefined : `The call with ${who} was lost.`;
    case 404:
    case 604:
      return `There is nobody called ${who} here.`;
    case 408:
    case 480:
    case 430:
      return `${who} cannot be reached now.`;
    case 486:
    case 600:
      return `${who} is busy.`;
    case 603:
    case 403:
      return `${who} declined the call.`;
    case 488:
    case 606:
      return `${who}’s device cannot take this kind of call.`;
    case 503:
      return 'The server is too busy. Try again in a moment.';
    default:
      return `The call to ${who} failed: ${end.reason} (${end.status}).`;
  }
}

function explain(error: unknown): string {
  const { code, message } = error as ClientError;
  if (code === 'MEDIA_REFUSED' || code === 'NO_MEDIA') return `That needs your microphone or camera: ${message}.`;
  if (code === 'NOT_CONNECTED') return 'Not connected. Try again in a moment.';
  if (code === 'BAD_TARGET') return 'That is not a name, number or address.';
  return message ?? 'That did not work.';
}
