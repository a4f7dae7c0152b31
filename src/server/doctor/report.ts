import { type BrowserFinding, printable } from './browser-reports.ts';
import type { Finding, Outcome } from './finding.ts';

const SIGNS: Record<Outcome, string> = { ok: 'ok      ', warning: 'WARNING ', problem: 'PROBLEM ' };
const INDENT = ' '.repeat(10);
const WIDTH = 110;

/** For a person: a subject a paragraph. */
export function formatFindings(findings: readonly BrowserFinding[]): string[] {
  const lines: string[] = [];
  let subject: string | undefined;
  for (const finding of findings) {
    if (finding.subject !== subject) lines.push(...(subject === undefined ? [] : ['']), finding.subject);
    subject = finding.subject;
    lines.push(`  ${SIGNS[finding.outcome]}${printable(finding.title)}`);
    const time = finding.milliseconds === undefined ? '' : ` (${Math.round(finding.milliseconds * 10) / 10} ms)`;
    lines.push(...wrap(`${finding.meaning}${time}`, INDENT, INDENT));
    if (finding.remedy !== undefined) lines.push(...wrap(finding.remedy, `${INDENT}-> `, `${INDENT}   `));
  }
  return lines;
}

export function summarize(findings: readonly Finding[]): string {
  const count = (outcome: Outcome, word: string) => {
    const number = findings.filter((each) => each.outcome === outcome).length;
    return number === 0 ? `no ${word}s` : `${number} ${word}${number === 1 ? '' : 's'}`;
  };
  return `${count('problem', 'problem')}, ${count('warning', 'warning')}.`;
}

function wrap(text: string, first: string, indent: string): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of printable(text).split(' ')) {
    if (line.length + word.length > WIDTH && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = indent;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
