import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import type { TlsFiles } from '../config.ts';
import { isLoopback } from '../configuration/listen.ts';
import type { Check, Examination } from './examination.ts';
import { findings } from './finding.ts';

const DAY = 24 * 3_600_000;
const SOON = 14 * DAY;
const MAX_CHAIN = 10;

type Report = ReturnType<typeof findings>;

/** The certificates: their time, their names, their chain, and whether the server shows them. */
export const tls: Check = async (examination) => {
  const { web, sip } = examination.configuration;
  const report = findings('tls');
  if (web.tls !== undefined) await certificate('web.tls', web.tls, examination, report);
  else if (!isLoopback(web.listen.address))
    report.warning(
      'The web port speaks plain HTTP',
      'Others can reach it, and their browsers give no camera or microphone to plain http.',
      'web: { tls: { cert: FILE, key: FILE } }, or a TLS proxy before it.',
    );
  else report.ok('No TLS is needed', 'The web port is for this machine, or for a TLS proxy on it.');
  if (sip.tls !== undefined && sip.tls.cert !== web.tls?.cert)
    await certificate('sip.tls', sip.tls, examination, report);
  return report.list;
};

async function certificate(key: string, files: TlsFiles, examination: Examination, report: Report): Promise<void> {
  const { system, configuration } = examination;
  const { ok, warning, problem } = report;
  const chain = parseChain(system.read(files.cert));
  const [leaf] = chain;
  if (leaf === undefined) {
    problem('The certificate cannot be read', `${files.cert} (${key}).`, 'It must be PEM, readable for this user.');
    return;
  }
  const before = report.list.length;

  const now = system.now();
  const until = leaf.validToDate.getTime();
  const date = leaf.validToDate.toISOString().slice(0, 10);
  if (until < now)
    problem(
      'The certificate has expired',
      `On ${date} (${key}). Browsers refuse the page, and phones TLS.`,
      'Renew it, then send the server SIGHUP.',
    );
  else if (leaf.validFromDate.getTime() > now)
    problem(
      'The certificate is not valid yet',
      `It begins ${leaf.validFromDate.toISOString()} (${key}).`,
      'Is the clock right?',
    );
  else if (until < now + SOON)
    warning('The certificate expires soon', `On ${date} (${key}).`, 'Renew it, then send the server SIGHUP.');

  const privateKey = system.read(files.key);
  if (privateKey === undefined || !leaf.checkPrivateKey(createPrivateKey(privateKey)))
    problem(
      "The key is not the certificate's",
      `${files.key} does not belong to ${files.cert}.`,
      'Name the files that belong together.',
    );

  const name = configuration.public.host ?? configuration.domain;
  if ((isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name)) === undefined)
    problem(
      'The certificate is for another name',
      `It is for ${leaf.subjectAltName ?? leaf.subject}, and clients ask for ${name}: they refuse to connect.`,
      `Get one for ${name}, or set public.host to a name that it has.`,
    );

  judgeChain(key, chain, report);
  await judgeShown(key, leaf, examination, report);
  if (report.list.length === before) ok('The certificate is good', `For ${name} until ${date} (${key}).`);
}

function parseChain(pem: string | undefined): X509Certificate[] {
  const blocks = (pem ?? '').match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.slice(0, MAX_CHAIN).map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

/** Each is to be issued by the next, and the last by an authority that browsers know. */
function judgeChain(key: string, chain: readonly X509Certificate[], { warning, problem }: Report): void {
  const leaf = chain[0] as X509Certificate;
  if (leaf.checkIssued(leaf)) {
    warning(
      'The certificate is signed by itself',
      `Browsers and phones refuse it until each has been told to trust it (${key}).`,
      "Get one from an authority, such as Let's Encrypt.",
    );
    return;
  }
  const broken = chain.findIndex(
    (each, index) => index > 0 && !(chain[index - 1] as X509Certificate).checkIssued(each),
  );
  if (broken > 0) {
    problem(
      'The certificate chain is out of order',
      `Number ${broken + 1} in ${key}.cert has not signed number ${broken}.`,
      "The server's own certificate first, then those of the authorities in between.",
    );
    return;
  }
  const last = chain.at(-1) as X509Certificate;
  const rooted = rootCertificates.some((pem) => {
    const root = new X509Certificate(pem);
    return root.fingerprint256 === last.fingerprint256 || last.checkIssued(root);
  });
  if (!rooted)
    warning(
      'The certificate chain ends in the open',
      `No authority that browsers know has signed the last of ${key}.cert: one in between is missing, or the authority is your own.`,
      'Use the file with the full chain (fullchain.pem). With an authority of your own, browsers and phones must trust it.',
    );
}

/** A renewed file takes effect at SIGHUP. */
async function judgeShown(key: string, leaf: X509Certificate, examination: Examination, report: Report): Promise<void> {
  const { ports, running, system } = examination;
  const part = key.split('.')[0] as string;
  const port = ports.find((each) => each.key === `${part}.listen` && each.listen.transport === 'tls');
  if (!running || port === undefined) return;
  const address =
    port.listen.address === '0.0.0.0' ? '127.0.0.1' : port.listen.address === '::' ? '::1' : port.listen.address;
  const wire = await system
    .open({ transport: 'tls', address, port: port.listen.port, framed: false, patience: 3_000 })
    .catch(() => undefined);
  wire?.close();
  if (wire?.fingerprint !== undefined && wire.fingerprint !== leaf.fingerprint256)
    report.warning(
      'The server shows another certificate',
      `Not the one in the file (${key}): it was renewed since the server read it.`,
      'Send the server SIGHUP.',
    );
}
