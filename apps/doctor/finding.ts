import type { Credentials } from '../../src/client/index.ts';

/** What one check found, as `POST /api/doctor/browser` takes it. */
export interface BrowserFinding {
  subject: string;
  outcome: 'ok' | 'warning' | 'problem';
  /** A few words, the same each time: docs/guides quotes them. */
  title: string;
  /** What was seen, and what it means for calls. */
  meaning: string;
  /** What to do; absent where nothing is to be done. */
  remedy?: string;
  /** Of one round trip to the server. */
  milliseconds?: number;
}

/** Something that is tried. */
export interface Check {
  id: string;
  /** What it is about; also the subject of its finding. */
  subject: string;
  /** Where to, for whoever wants to know. */
  place?: string;
  run(credentials: Credentials): Promise<Omit<BrowserFinding, 'subject'>>;
}

/** Rejects after so many milliseconds. */
export function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('late')), milliseconds);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** `12 ms`, `0.4 ms`. */
export function duration(milliseconds: number): string {
  return `${milliseconds < 10 ? Math.round(milliseconds * 10) / 10 : Math.round(milliseconds)} ms`;
}
