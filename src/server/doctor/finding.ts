/** What a finding is about, in the order in which they are shown. */
export const SUBJECTS = [
  'configuration',
  'machine',
  'time',
  'data',
  'addresses',
  'dns',
  'tls',
  'ports',
  'turn',
  'media',
] as const;
export type Subject = (typeof SUBJECTS)[number];

/** Nothing to do; calls of some people will fail or sound bad; this will not work. */
export type Outcome = 'ok' | 'warning' | 'problem';

/** One thing that was looked at, in words for whoever runs the server. */
export interface Finding {
  subject: Subject;
  outcome: Outcome;
  /** A few words, the same each time: docs/guides quotes them. */
  title: string;
  /** What was seen, and what it means for calls. */
  meaning: string;
  /** What to do; absent where nothing is to be done. */
  remedy?: string;
}

/** Makes the findings of one subject. */
export function findings(subject: Subject) {
  const list: Finding[] = [];
  const add = (outcome: Outcome) => (title: string, meaning: string, remedy?: string) => {
    list.push({ subject, outcome, title, meaning, ...(remedy !== undefined && { remedy }) });
  };
  return { list, ok: add('ok'), warning: add('warning'), problem: add('problem') };
}

/** `a`, `a and b`, `a, b and c`; no more than `most` of them. */
export function enumerate(items: readonly string[], most = 8): string {
  const shown = items.length > most ? [...items.slice(0, most), `${items.length - most} more`] : items;
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
