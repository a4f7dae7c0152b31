// Converse.js as npm has it, for a page in a browser. It is 46 MB with its sources, of which a test needs four files: it is no
// dependency, but fetched once into .cache by npm, and its hash is checked as a lock file would.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const VERSION = '14.0.0';
const SHA512 = 'LFUg030jDalV47vI/vyVPqYPZfJYXFbubq8v0cFDe2zXNeeGEk3Up0Fj/WTzT6t+6do+cAIToy73eAj7RNDj2Q==';
const cache = fileURLToPath(new URL(`../../.cache/converse-${VERSION}`, import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Where the package's `dist` is. */
function fetchConverse(): string {
  const dist = join(cache, 'package', 'dist');
  if (existsSync(dist)) return dist;
  mkdirSync(cache, { recursive: true });
  execFileSync('npm', ['pack', `converse.js@${VERSION}`, '--silent', '--pack-destination', cache], { stdio: 'pipe' });
  const archive = join(cache, `converse.js-${VERSION}.tgz`);
  const hash = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (hash !== SHA512) throw new Error(`converse.js ${VERSION} is not the one that was tested: ${hash}`);
  execFileSync('tar', ['-xzf', archive, '-C', cache, 'package/dist']);
  return dist;
}

export interface ConversePages {
  /** A page that signs in by itself; the settings are Converse's. */
  url(settings: Record<string, unknown>): string;
  close(): void;
}

/** A page with Converse, which leaves what is inside it at `window.inside`. */
export async function serveConverse(): Promise<ConversePages> {
  const dist = fetchConverse();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const file = normalize(url.pathname).replace(/^\/dist\//, '');
    if (url.pathname === '/') {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(page(url.searchParams.get('settings') ?? '{}'));
    } else if (file.startsWith('/') || file.includes('..') || !existsSync(join(dist, file)))
      response.writeHead(404).end();
    else
      response
        .writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' })
        .end(readFileSync(join(dist, file)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (settings) => `http://localhost:${port}/?settings=${encodeURIComponent(JSON.stringify(settings))}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function page(settings: string): string {
  return `<!doctype html><meta charset="utf-8"><title>Converse</title>
<link rel="stylesheet" href="/dist/converse.min.css">
<body class="converse-fullscreen"><div id="conversejs-bg"></div>
<script type="module">
import converse from '/dist/converse.min.js';
converse.plugins.add('test', { initialize() { window.inside = this._converse; } });
converse.initialize({ ...${settings.replaceAll('<', '\\u003c')}, whitelisted_plugins: ['test'] });
</script>`;
}
