import type { Configuration } from '../config.ts';
import { formatListen, type Listen } from '../configuration/listen.ts';
import { type Finding, findings, SUBJECTS, type Subject } from './finding.ts';
import type { System } from './system.ts';

/** Where a part listens. */
export interface Port {
  /** `web.listen`, `sip.listen`, `turn.listen`, `media.listen`. */
  key: string;
  listen: Listen;
  /** False: by default, so that a taken port is replaced by the next free one. */
  configured: boolean;
}

/** What is examined, and what is known of it beforehand. */
export interface Examination {
  configuration: Configuration;
  /** Warnings of the configuration. */
  warnings: readonly string[];
  system: System;
  /** Where the server listens now, or would. */
  ports: readonly Port[];
  /** Whether a server is running with this data folder. */
  running: boolean;
  /** Asked from inside that server: its ports are bound, and its event loop is ours. */
  inside: boolean;
  /** An ephemeral credential for TURN; undefined: there is no secret yet. */
  credential?: { username: string; password: string };
}

/** Where it would listen, by its configuration. */
export function configuredPorts({ web, sip, turn, media, msrp }: Configuration): Port[] {
  const of = (key: string, configured: boolean) => (listen: Listen) => ({ key, listen, configured });
  const mediaListen = { transport: 'udp', ...media.listen };
  // The port of all WebRTC legs is TURN's, where both are to listen at the same address.
  const ownMedia =
    media.engine === 'embedded' && !turn.listen.some((listen) => formatListen(listen) === formatListen(mediaListen));
  return [
    of('web.listen', web.configured)({ transport: web.tls ? 'tls' : 'tcp', ...web.listen }),
    ...sip.listen.map(of('sip.listen', sip.configured)),
    ...turn.listen.map(of('turn.listen', turn.configured)),
    ...msrp.listen.map(of('msrp.listen', msrp.configured)),
    ...(ownMedia ? [of('media.listen', media.configured)(mediaListen)] : []),
  ];
}

/** Looks at one subject. It has its own bounds on time; what it throws is a finding too. */
export type Check = (examination: Examination) => Finding[] | Promise<Finding[]>;

const PATIENCE = 20_000;

/** All checks at once, in the order of SUBJECTS. */
export async function examine(
  examination: Examination,
  checks: Readonly<Record<Subject, Check>>,
  patience = PATIENCE,
): Promise<Finding[]> {
  const results = await Promise.all(
    SUBJECTS.map(async (subject) => {
      const late = new AbortController();
      try {
        return await Promise.race([checks[subject](examination), tooLate(patience, late.signal)]);
      } catch (error) {
        const { list, problem } = findings(subject);
        problem('This could not be looked at', error instanceof Error ? error.message : String(error));
        return list;
      } finally {
        late.abort();
      }
    }),
  );
  return results.flat();
}

function tooLate(patience: number, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`it took longer than ${patience / 1000} s`)), patience);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}
