// Writes docs/CONFIGURATION.md from the schema: `node tools/run.js tools/docs.ts`. test/docs checks that it is current.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configurationKeys } from '../src/server/configuration/check.ts';
import { environmentName, type KeySchema } from '../src/server/configuration/environment.ts';

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
export const configurationFile = at('docs/CONFIGURATION.md');

/** Where each area's bounds are declared: the comment above a bound is its description. */
const LIMITS: Record<string, { file: string; about: string }> = {
  transport: { file: 'src/transport/limits.ts', about: 'Connections and messages' },
  sip: { file: 'src/server/sip/limits.ts', about: 'SIP' },
  http: { file: 'src/server/http/limits.ts', about: 'The HTTP API' },
  storage: { file: 'src/storage/limits.ts', about: 'The store' },
  turn: { file: 'src/protocol/turn/limits.ts', about: 'TURN' },
  media: { file: 'src/server/media/embedded/limits.ts', about: 'Media in this process' },
  uploads: { file: 'src/server/uploads/limits.ts', about: 'Uploaded files' },
  pep: { file: 'src/server/xmpp/pep/limits.ts', about: 'Personal eventing' },
  rtpengine: { file: 'src/server/media/rtpengine/limits.ts', about: 'Media by rtpengine' },
  msrp: { file: 'src/protocol/msrp/limits.ts', about: 'The MSRP relay' },
  xmpp: { file: 'src/server/xmpp/streams/limits.ts', about: 'XMPP streams' },
  bosh: { file: 'src/server/xmpp/bosh/limits.ts', about: 'XMPP over HTTP requests (BOSH)' },
  messaging: { file: 'src/server/messaging/limits.ts', about: 'Messages, contacts, archives' },
  rooms: { file: 'src/server/xmpp/muc/limits.ts', about: 'Rooms' },
};

export function configurationMarkdown(): string {
  const keys = configurationKeys();
  const { limits, ...rest } = keys.properties as Record<string, KeySchema>;
  const lines = [
    '# Configuration',
    '',
    '<!-- Written by tools/docs.ts from the schema in src/server/configuration/schema.ts. Do not edit. -->',
    '',
    'No configuration is needed: everything then listens on loopback. A file is YAML, named by `--config FILE`; without that,',
    '`chappe.yaml` of the working directory is read if there is one. `chappe check` says what is wrong with it: the key, the',
    'reason, a suggestion. An unknown key is an error.',
    '',
    'Each key can also be given in the environment, under the name in the second column: lists and groups as JSON. A variable',
    'goes over the file, the command line (`--data`, `--listen`) over both. Unknown `CHAPPE_` names are warned of. Paths in the file',
    'are relative to the file, others to the working directory.',
    '',
    'SIGHUP reads it again. Accounts, `auth.secret`, `turn.secret`, `auth.handshake`, `web.origins`, `web.hosts`, `sip.routes`, `messages.keep`, `drain` and the',
    'content of the certificate files take effect at once, the rest at the next start (the log says which).',
    '',
    '## Keys',
    '',
    '| key | environment | form and default | meaning |',
    '|---|---|---|---|',
    ...rows(rest, []),
    '',
    '## Limits',
    '',
    'Every bound, by name: `limits: { sip: { transactions: 20000 } }`, or `CHAPPE_LIMITS_SIP_TRANSACTIONS=20000`. Times are',
    'milliseconds and sizes octets where nothing else is said. The defaults let 5,000 clients of one address reconnect at once.',
  ];
  for (const [area, schema] of Object.entries(limits?.properties ?? {})) {
    const { file, about } = LIMITS[area] ?? { file: '', about: area };
    const comments = file === '' ? new Map<string, string>() : commentsOf(file);
    lines.push('', `### ${about}: \`limits.${area}\``, '', '| bound | default | meaning |', '|---|---|---|');
    for (const [name, bound] of Object.entries(schema.properties ?? {}))
      lines.push(`| \`${name}\` | ${Number(bound.default).toLocaleString('en')} | ${comments.get(name) ?? ''} |`);
  }
  return `${lines.join('\n')}\n`;
}

function rows(properties: Record<string, KeySchema>, path: string[]): string[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const here = [...path, key];
    const group = schema.properties !== undefined && Object.keys(schema.properties).length > 0;
    const own = group ? '' : `${form(schema)}${standard(schema)}`;
    const row = `| \`${here.join('.')}\` | \`${environmentName(here)}\` | ${own} | ${cell(schema.description ?? '')} |`;
    return group ? [...(schema.description === undefined ? [] : [row]), ...rows(schema.properties!, here)] : [row];
  });
}

function form(schema: KeySchema): string {
  if (schema.anyOf) return schema.anyOf.map(form).join(' or ');
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.type === 'array') {
    const { items } = schema;
    if (items?.properties) return `list of { ${Object.keys(items.properties).join(', ')} }`;
    if (items?.enum) return `list of ${form(items)}`;
    return items?.examples ? `list, such as \`${items.examples[0]}\`` : 'list of text';
  }
  if (schema.examples) return `such as \`${schema.examples[0]}\``;
  return schema.type === 'boolean' ? '`true`, `false`' : (schema.type ?? '').replace('string', 'text');
}

function standard({ default: value }: KeySchema): string {
  if (value === undefined) return '';
  if (Array.isArray(value))
    return value.length === 0 ? '; none' : `; default ${value.map((each) => `\`${each}\``).join(', ')}`;
  return `; default \`${value}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** The doc comment above each property of the file's interface; a following property without one shares it ("..."). */
function commentsOf(file: string): Map<string, string> {
  const source = readFileSync(at(file), 'utf8');
  const found = new Map<string, string>();
  let comment = '';
  for (const match of source.matchAll(/\/\*\*([\s\S]*?)\*\/|^ {2}(\w+): number;/gm)) {
    if (match[1] !== undefined) comment = match[1].replace(/\s*\n\s*\*\s?/g, ' ').trim();
    else if (match[2] !== undefined) {
      found.set(match[2], cell(comment));
    }
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(configurationFile, configurationMarkdown());
