import type { BrowserFinding } from './finding.ts';

export type Verdict = Pick<BrowserFinding, 'outcome' | 'title' | 'meaning'>;

/** What all of it means for a person's calls: the worst first. */
export function verdict(findings: readonly BrowserFinding[]): Verdict {
  const of = (subject: string) => findings.filter((each) => each.subject === subject);
  const works = (subject: string) => of(subject).some(({ outcome }) => outcome === 'ok');
  const devices = [...of('Microphone'), ...of('Camera')].filter(({ outcome }) => outcome === 'problem');

  if (!works('WebSocket'))
    return {
      outcome: 'problem',
      title: 'Calls do not work from here',
      meaning: 'The connection over which calls are made does not come up.',
    };
  const relays = findings.filter(({ subject }) => subject.startsWith('Relay over ') && !subject.endsWith('WebSocket'));
  const local = relays.length > 0 && relays.every(({ title }) => title === 'The relay is on this machine');
  if (devices.length > 0)
    return {
      outcome: 'problem',
      title: devices[0]?.title ?? '',
      meaning: devices.map(({ meaning }) => meaning).join(' '),
    };
  if (works('Relay over UDP'))
    return {
      outcome: 'ok',
      title: 'Calls work from here',
      meaning: 'Directly where that can be, else by the relay over UDP.',
    };
  if (local)
    return {
      outcome: 'ok',
      title: 'Calls work on this machine',
      meaning: 'The server is for this machine only, and so needs no relay.',
    };
  if (works('Relay over TCP'))
    return {
      outcome: 'warning',
      title: 'UDP is blocked between you and the server',
      meaning: 'Calls go by TCP: they work, and stutter where packets are lost.',
    };
  if (works('Relay over TLS'))
    return {
      outcome: 'warning',
      title: 'Only TLS gets through to the server',
      meaning: 'Calls go by it: they work, with more delay, and stutter where packets are lost.',
    };
  if (relays.some(({ outcome }) => outcome === 'problem'))
    return {
      outcome: 'problem',
      title: 'The relay fails',
      meaning: 'It is reached and does not help: calls work only with people whom this browser reaches directly.',
    };
  return {
    outcome: works('STUN over UDP') ? 'warning' : 'problem',
    title: 'No relay is reached',
    meaning: works('Relay over WebSocket')
      ? 'Nothing but the web gets through. Calls work only with people in the same network; the administrator can help with TURN over TLS on port 443.'
      : 'Calls work only with people whom this browser reaches directly.',
  };
}
