// The load generator's process: it is told over IPC what to do and against whom, and answers with what it did.
// It runs on a core of its own, apart from the server that is measured.
import { createHmac } from 'node:crypto';
import { Phone } from './phone.ts';
import type { Target } from './websocket-client.ts';

export interface Peer {
  name: string;
  host: string;
  port: number;
  domain: string;
  /** Secret of the ephemeral credentials at the handshake. */
  secret: string;
}

export type Work =
  | { kind: 'connect'; peer: Peer; count: number; prefix: string }
  | { kind: 'register' | 'message' | 'call'; peer: Peer; operations: number; rate?: number }
  | { kind: 'storm'; peer: Peer }
  | { kind: 'disconnect'; peer: Peer };

export interface Done {
  operations: number;
  failures: number;
  /** Milliseconds from the first request to the last answer. */
  elapsed: number;
  lastFailure: string;
  /** Failures by what came instead of a 2xx. */
  reasons: Record<string, number>;
}

const fleets = new Map<string, Phone[]>();

process.on('message', (work: Work) => {
  perform(work).then(
    (done) => process.send!(done),
    (error: Error) =>
      process.send!({ operations: 0, failures: 1, elapsed: 0, lastFailure: error.stack ?? error.message, reasons: {} }),
  );
});
process.on('disconnect', () => process.exit(0));

async function perform(work: Work): Promise<Done> {
  const start = performance.now();
  const key = work.peer.name;
  const fleet = fleets.get(key) ?? [];
  let failures = 0;
  let operations = 0;
  let lastFailure = '';
  const reasons: Record<string, number> = {};
  const tally = (phones: readonly Phone[]): void => {
    for (const phone of phones) {
      for (const reason of phone.failures.splice(0)) {
        failures++;
        lastFailure = reason;
        const kind = reason.replace(/^no answer.*/, 'no answer');
        reasons[kind] = (reasons[kind] ?? 0) + 1;
      }
    }
  };
  const refused = (reason: string): void => {
    failures++;
    lastFailure = reason;
  };
  switch (work.kind) {
    case 'connect': {
      const users = Array.from({ length: work.count }, (_, index) => `${work.prefix}${index}`);
      operations = users.length;
      await inParallel(users, 50, async (user) => {
        const phone = await persist(work.peer, user, refused);
        if (phone) fleet.push(phone);
      });
      fleets.set(key, fleet);
      tally(fleet);
      break;
    }
    case 'register':
      operations = await spread(fleet, work, async (phone) => void (await phone.register()));
      tally(fleet);
      break;
    case 'message':
    case 'call': {
      // Neighbours are pairs: the even one asks, the odd one answers.
      const askers = fleet.filter((_, index) => index % 2 === 0 && index + 1 < fleet.length);
      const peers = new Map(askers.map((phone, index) => [phone, fleet[index * 2 + 1]!.user]));
      operations = await spread(askers, work, async (phone) => {
        if (work.kind === 'message') await phone.message(peers.get(phone)!);
        else await phone.call(peers.get(phone)!);
      });
      tally(fleet);
      break;
    }
    case 'storm': {
      const users = fleet.map((phone) => phone.user);
      for (const phone of fleet) phone.socket.drop();
      operations = users.length;
      const back = users.map((user) => persist(work.peer, user, refused));
      const phones = (await Promise.all(back)).filter((phone) => phone !== undefined);
      fleets.set(key, phones);
      break;
    }
    case 'disconnect':
      for (const phone of fleet) phone.socket.drop();
      fleets.delete(key);
  }
  return { operations, failures, elapsed: performance.now() - start, lastFailure, reasons };
}

/** Connects and registers as a browser does: who is refused tries again a little later. */
async function persist(peer: Peer, user: string, refused: (reason: string) => void): Promise<Phone | undefined> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    try {
      const phone = await join(peer, user);
      const [failure] = phone.failures;
      if (failure === undefined) return phone;
      phone.socket.drop();
      refused(failure);
    } catch (error) {
      refused((error as Error).message);
    }
    await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 500));
  }
  return undefined;
}

async function join(peer: Peer, user: string): Promise<Phone> {
  const phone = new Phone(target(peer), peer.domain, user);
  await phone.socket.opened;
  await phone.register();
  return phone;
}

function target(peer: Peer): Target {
  return {
    host: peer.host,
    port: peer.port,
    path(user) {
      const username = `${Math.floor(Date.now() / 1000) + 3600}:${user}`;
      const password = createHmac('sha1', peer.secret).update(username).digest('base64');
      return `/?username=${encodeURIComponent(username)}&password=${encodeURIComponent(password)}`;
    },
  };
}

/** Phones that work at the same time when no rate is given. */
const width = 100;

/** The phones take turns, `rate` operations a second; without a rate a few start their next as soon as the last is done. */
async function spread(
  phones: readonly Phone[],
  { operations, rate }: { operations: number; rate?: number },
  operate: (phone: Phone) => Promise<void>,
): Promise<number> {
  if (!rate) {
    let left = operations;
    await Promise.all(
      phones.slice(0, width).map(async (phone) => {
        while (left-- > 0) await operate(phone);
      }),
    );
    return operations;
  }
  const all: Promise<void>[] = [];
  const start = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(operations, ((performance.now() - start) / 1000) * rate);
      while (all.length < due) all.push(operate(phones[all.length % phones.length]!));
      if (all.length < operations) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
  await Promise.all(all);
  return operations;
}

async function inParallel<T>(items: readonly T[], width: number, each: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const item of rest) await each(item);
    }),
  );
}
