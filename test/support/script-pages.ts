// Pages for third-party libraries: each a script bundled from npm into a temporary folder when the tests start, and a server of
// static files on localhost (a secure context, so that the page gets a camera and a microphone).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

export interface ScriptPages {
  /** The address of the page that runs that script. */
  url(script: string): string;
  close(): void;
}

/** Bundles `test/e2e/third-party/NAME.ts` for every name. */
export async function serveScripts(names: readonly string[]): Promise<ScriptPages> {
  const folder = mkdtempSync(join(tmpdir(), 'chappe-pages-'));
  for (const name of names) {
    await build({
      configFile: false,
      root: fileURLToPath(new URL('../..', import.meta.url)),
      logLevel: 'warn',
      define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
      build: {
        outDir: folder,
        emptyOutDir: false,
        minify: false,
        lib: {
          entry: fileURLToPath(new URL(`../e2e/third-party/${name}.ts`, import.meta.url)),
          formats: ['es'],
          fileName: () => `${name}.js`,
        },
      },
    });
  }
  const server = createServer((request, response) => {
    const name = /^\/([\w-]+)(\.js)?$/.exec(request.url ?? '');
    if (!name || !names.includes(name[1]!)) {
      response.writeHead(404).end();
    } else if (name[2]) {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(readFileSync(join(folder, `${name[1]}.js`)));
    } else {
      response.writeHead(200, { 'Content-Type': 'text/html' });
      response.end(
        `<!doctype html><meta charset="utf-8"><title>${name[1]}</title><script type="module" src="/${name[1]}.js"></script>`,
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (script) => `http://localhost:${port}/${script}`,
    close() {
      server.close();
      server.closeAllConnections();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
