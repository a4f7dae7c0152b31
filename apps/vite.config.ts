import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

// The web apps: apps/index.html is the Communicator at `/`; each further app is a folder with an index.html of its own.
const root = new URL('.', import.meta.url).pathname;

export default defineConfig({
  root,
  // Development with hot reload: `CHAPPE_WEB_ORIGINS='["http://localhost:5173"]' npm start`, and beside it
  // `node tools/run.js vite --config apps/vite.config.ts`. The WebSocket goes straight to the server.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8080', changeOrigin: true } } },
  plugins: [preact({ devToolsEnabled: false })],
  build: {
    outDir: `${root}../dist/apps`,
    emptyOutDir: true,
    rolldownOptions: { input: [`${root}index.html`, `${root}doctor/index.html`] },
    target: 'es2023',
    assetsInlineLimit: 0, // the content security policy allows no data: URLs
    modulePreload: { polyfill: false }, // the polyfill is an inline script in old browsers only
  },
});
