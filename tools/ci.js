// .ci/run's steps, in order, each with its own time; the sum of their checks is the last line.
// A step of tests counts its tests, any other step counts as one check. A step that ran no test has failed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.js';

const reports = mkdtempSync(join(tmpdir(), 'chappe-ci-'));
const sum = { passed: 0, failed: 0 };

// `npm test` first and alone, as the README gives it: it must prepare a fresh clone by itself.
tests('unit', ['test', '--', ...reporters('unit')]);
check('lint', 'npm', ['run', '--silent', 'lint']);
check('types', 'npm', ['run', '--silent', 'types']);
check('size of the SDK', 'npm', ['run', '--silent', 'size']);
check('peers', 'bash', ['tools/peers.sh']);
tests('fuzz', ['run', '--silent', 'test:fuzz', '--', ...reporters('fuzz')]);
tests('interop', ['run', '--silent', 'test:interop', '--', ...reporters('interop')]);
tests('e2e', ['run', '--silent', 'test:e2e', '--', ...reporters('e2e')]);
// So short that their figures say nothing: that they still run, beside their peers.
for (const [name, ...options] of [
  ['run', '--only', 'register', '--scale', '0.02'],
  ['turn', '--only', 'channel', '--scale', '0.05'],
  ['relay', '--only', 'plain,cm', '--rates', '6000', '--seconds', '1', '--rounds', '1'],
  ['gateway', '--rates', '6000', '--seconds', '1', '--rounds', '1', '--calls', '10'],
  ['gateway-setup', '--calls', '1'],
  ['transcode'],
  ['archive', '--messages', '10000'],
  ['rooms', '--messages', '20', '--rounds', '1'],
])
  check(`benchmark ${name}`, 'node', ['tools/run.js', `bench/${name}.ts`, ...options]);

console.log(`\n${sum.passed} passed, ${sum.failed} failed`);
process.exit(sum.failed === 0 && sum.passed > 0 ? 0 : 1);

function reporters(name) {
  return ['--reporter=default', '--reporter=json', `--outputFile.json=${join(reports, `${name}.json`)}`];
}

function check(name, command, args) {
  const ok = run(name, command, args) === 0;
  sum[ok ? 'passed' : 'failed'] += 1;
  if (!ok) console.log(`FAILED: ${name}`);
}

function tests(name, args) {
  const status = run(name, 'npm', args);
  const file = join(reports, `${name}.json`);
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  sum.passed += report?.numPassedTests ?? 0;
  sum.failed += (report?.numFailedTests ?? 0) + skipped;
  if (skipped > 0) console.log(`FAILED: ${name}: ${skipped} skipped, nothing may be skipped here`);
  // A suite that broke before its tests, or a runner that failed for another reason, is a failure of its own.
  const clean = status === 0 && (report?.numPassedTests ?? 0) > 0;
  if (!clean && (report?.numFailedTests ?? 0) + skipped === 0) sum.failed += 1;
}

function run(name, command, args) {
  console.log(`\n== ${name}: ${command} ${args.join(' ')}`);
  const started = Date.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  console.log(
    `== ${name}: ${status === 0 ? 'ok' : `exit ${status}`} after ${Math.round((Date.now() - started) / 1000)} s`,
  );
  return status ?? 1;
}
