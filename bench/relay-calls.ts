// Calls of a media engine, all at once: what signalling would ask for each.
import type { MediaBranch, MediaEngine, MediaParty } from '../src/server/media/engine.ts';

export type MediaQuestion =
  | { ask: 'offer'; caller: MediaParty['profile']; callee: MediaParty['profile']; descriptions: readonly string[] }
  | { ask: 'answer'; descriptions: readonly string[] }
  | { ask: 'close' };

export class MediaCalls {
  private readonly engine: MediaEngine;
  private branches: MediaBranch[] = [];
  private count = 0;

  constructor(engine: MediaEngine) {
    this.engine = engine;
  }

  /** The other sides' descriptions, in order. */
  async ask(question: MediaQuestion): Promise<string[]> {
    switch (question.ask) {
      case 'offer': {
        const party = (profile: MediaParty['profile']): MediaParty => ({ profile, address: '127.0.0.1' });
        this.branches = question.descriptions.map(() => {
          this.count++;
          const callId = `bench-${this.count}`;
          const call = this.engine.open({ callId, callerTag: 'caller', caller: party(question.caller) });
          return call.branch(party(question.callee), (event) => {
            process.stderr.write(`${callId}: ${JSON.stringify(event)}\n`);
          });
        });
        return Promise.all(question.descriptions.map((offer, i) => this.branches[i]!.offer('caller', offer)));
      }
      case 'answer': {
        const answers = await Promise.all(
          question.descriptions.map((answer, i) => this.branches[i]!.answer('callee', answer)),
        );
        for (const branch of this.branches) branch.confirm();
        return answers;
      }
      case 'close':
        await Promise.all(this.branches.splice(0).map((branch) => branch.close()));
        return [];
    }
  }
}
