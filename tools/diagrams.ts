/** Draws docs/transactions.md from the transition tables: `node tools/diagrams.ts`. A test checks that it is up to date. */
import { writeFileSync } from 'node:fs';
import { INVITE_CLIENT_TRANSITIONS } from '../src/protocol/sip/invite-client-transaction.ts';
import { INVITE_SERVER_TRANSITIONS } from '../src/protocol/sip/invite-server-transaction.ts';
import { NON_INVITE_CLIENT_TRANSITIONS } from '../src/protocol/sip/non-invite-client-transaction.ts';
import { NON_INVITE_SERVER_TRANSITIONS } from '../src/protocol/sip/non-invite-server-transaction.ts';

type Table = Record<string, Record<string, readonly [string, ...string[]]>>;

const MACHINES: [title: string, text: string, table: unknown][] = [
  ['INVITE client', 'RFC 3261 section 17.1.1, RFC 6026', INVITE_CLIENT_TRANSITIONS],
  ['Non-INVITE client', 'RFC 3261 section 17.1.2', NON_INVITE_CLIENT_TRANSITIONS],
  ['INVITE server', 'RFC 3261 section 17.2.1, RFC 6026', INVITE_SERVER_TRANSITIONS],
  ['Non-INVITE server', 'RFC 3261 section 17.2.2, RFC 4320, RFC 6026', NON_INVITE_SERVER_TRANSITIONS],
];

/** Inputs that lead from one state to the same next one by the same actions share an arrow. */
function diagram(table: Table): string {
  const arrows = new Map<string, string[]>();
  for (const [state, row] of Object.entries(table)) {
    for (const [input, [next, ...actions]] of Object.entries(row)) {
      const arrow = `${state} --> ${next}: $ / ${actions.join(', ') || 'nothing'}`;
      arrows.set(arrow, [...(arrows.get(arrow) ?? []), /^[A-Z]$/.test(input) ? `timer ${input}` : input]);
    }
  }
  const lines = [...arrows].map(([arrow, inputs]) => `  ${arrow.replace('$', inputs.join(' | '))}`);
  const end = 'terminated' in table ? ['  terminated --> [*]'] : [];
  return ['stateDiagram-v2', `  [*] --> ${Object.keys(table)[0]}`, ...lines, ...end].join('\n');
}

export function transactionsDocument(): string {
  const sections = MACHINES.map(([title, text, table]) => {
    return `## ${title}\n\n${text}\n\n\`\`\`mermaid\n${diagram(table as Table)}\n\`\`\`\n`;
  });
  const head = `# The transaction machines of SIP

Made by \`node tools/diagrams.ts\` from the tables in \`src/protocol/sip/*-transaction.ts\`, whose comments state the laws. An arrow
reads: input / actions. Inputs without an arrow are absorbed. Over a reliable transport timers A, E and G do not run, and D, I, J
and K fire at once.
`;
  return [head, ...sections].join('\n');
}

if (import.meta.main) writeFileSync(new URL('../docs/transactions.md', import.meta.url), transactionsDocument());
