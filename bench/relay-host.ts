// The process in which the embedded media engine is measured: the engine and nothing else. Told over IPC what its calls say.
import { EmbeddedEngine } from '../src/server/media/embedded/embedded-engine.ts';
import { listenForMedia } from '../src/server/media/embedded/own-socket.ts';
import { MediaCalls, type MediaQuestion } from './relay-calls.ts';

const LOOPBACK = '127.0.0.1';
const [first, last] = process.argv.slice(2).map(Number) as [number, number];
const log = (fields: object, message: string): void =>
  void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);

const engine = new EmbeddedEngine({
  addresses: { listen: LOOPBACK, rtp: [], publicAddress: undefined },
  ports: { first, last },
  log: { warn: log, error: log },
});
const shared = engine.shared.add();
shared.attach(listenForMedia({ address: LOOPBACK, port: 0 }, shared, () => undefined));
const calls = new MediaCalls(engine);

process.on('message', (question: MediaQuestion) => {
  calls.ask(question).then(
    (answers) => process.send!(answers),
    (error: Error) => process.send!({ failed: error.stack ?? error.message }),
  );
});
process.on('disconnect', () => process.exit());
process.send!('ready');
