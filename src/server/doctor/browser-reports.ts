import * as z from 'zod';
import type { Finding, Outcome } from './finding.ts';

const text = (most: number) => z.string().min(1).max(most);

/** The body of `POST /api/doctor/browser`: what the page at /doctor found in somebody's browser. */
export const browserReportBody = z.strictObject({
  findings: z
    .array(
      z.strictObject({
        subject: text(40),
        outcome: z.enum(['ok', 'warning', 'problem']),
        title: text(120),
        meaning: text(500),
        remedy: text(500).optional(),
        /** Of one round trip. */
        milliseconds: z.number().min(0).max(600_000).optional(),
      }),
    )
    .min(1)
    .max(20),
});

/** As a Finding, with a subject of the page's. */
export interface BrowserFinding extends Omit<Finding, 'subject' | 'remedy'> {
  subject: string;
  outcome: Outcome;
  remedy?: string | undefined;
  milliseconds?: number | undefined;
}

export interface BrowserReport {
  /** ISO 8601. */
  at: string;
  /** Who was signed in. */
  name: string;
  /** The browser's User-Agent. */
  agent: string;
  findings: BrowserFinding[];
}

const MAX_AGENT = 200;

/** The latest results of browsers' own checks, in memory. */
export class BrowserReports {
  readonly #keep: number;
  readonly #reports: BrowserReport[] = [];

  constructor(keep: number) {
    this.#keep = keep;
  }

  add({ at, name, agent, findings }: BrowserReport): void {
    this.#reports.unshift({ at, name, agent: printable(agent).slice(0, MAX_AGENT), findings: findings.map(clean) });
    this.#reports.length = Math.min(this.#reports.length, this.#keep);
  }

  /** Newest first. */
  list(): readonly BrowserReport[] {
    return this.#reports;
  }
}

/** It ends in an administrator's terminal: no control characters. */
function clean({ subject, title, meaning, remedy, ...rest }: BrowserFinding): BrowserFinding {
  return {
    ...rest,
    subject: printable(subject),
    title: printable(title),
    meaning: printable(meaning),
    ...(remedy !== undefined && { remedy: printable(remedy) }),
  };
}

export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, ' ');
}
