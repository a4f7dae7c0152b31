import { parseListen } from '../configuration/listen.ts';
import type { RunningServer } from '../server.ts';

/** What a person sees after `npm start`. */
export function welcome(
  { ready, firstAccounts, accountNames }: RunningServer,
  took: number,
  { colours, program }: { colours: boolean; program: string },
): string {
  const paint = (code: string) => (text: string) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);
  const [bold, dim, link] = [paint('1'), paint('2'), paint('36;4')];
  const row = (label: string, ...lines: string[]) =>
    lines.map((line, i) => `  ${dim((i === 0 ? label : '').padEnd(10))}${line}`);
  // A browser takes localhost for a secure context, and it is easier to read.
  const page = ready.web.replace('//127.0.0.1:', '//localhost:');
  const lines = ['', `  ${bold('Chappe')} ${dim(`${ready.version}, ready in ${(took / 1000).toFixed(1)} s`)}`, ''];
  lines.push(...row('Open', link(page)), '');
  if (firstAccounts.length > 0) {
    const width = Math.max(...firstAccounts.map(({ name }) => name.length)) + 2;
    lines.push(
      ...row(
        'Accounts',
        ...firstAccounts.map(
          ({ name, password, admin }) => `${name.padEnd(width)}${bold(password)}${admin ? dim('  administrator') : ''}`,
        ),
        dim(`Made just now. The passwords are shown this once; more accounts: ${program} account add NAME`),
      ),
      '',
    );
  } else {
    const shown = accountNames.slice(0, 8).join(', ');
    const more = accountNames.length > 8 ? ` and ${accountNames.length - 8} more` : '';
    lines.push(...row('Accounts', shown === '' ? `none: ${program} account add NAME` : `${shown}${more}`), '');
  }
  const phones = new Map<string, string[]>();
  for (const text of ready.sip) {
    const listen = parseListen(text);
    if (listen === undefined) continue;
    const address = text.slice(listen.transport.length + 1);
    phones.set(address, [...(phones.get(address) ?? []), listen.transport.toUpperCase()]);
  }
  if (phones.size > 0) {
    const servers = [...phones].map(([address, transports]) => `${address} (${transports.join(', ')})`);
    lines.push(
      ...row('Phones', `server ${servers.join(', ')}`, `domain ${ready.domain}, user and password of an account`),
      '',
    );
  }
  const chat = [...new Set(ready.xmpp.map((text) => text.replace(/^\w+:/, '')))].join(', ');
  if (chat !== '') {
    const address = `name@${ready.domain}`;
    lines.push(...row('Chat', `any XMPP client: ${address}, server ${chat}`), '');
  }
  if (ready.stun.length > 0)
    lines.push(...row('STUN', [...new Set(ready.stun.map((text) => text.replace(/^\w+:/, '')))].join(', ')), '');
  lines.push(`  ${dim('Ctrl-C ends it. Every setting: docs/CONFIGURATION.md')}`, '');
  return lines.join('\n');
}
