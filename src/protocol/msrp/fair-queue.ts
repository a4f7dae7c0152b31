/**
 * What waits for one reader, in a queue of its own for each writer, served in turn: a file does not hold up a line of
 * chat behind it, and ten files share alike. Items of one writer keep their order.
 */
export class FairQueue<Writer, Item> {
  /** Writers in the order of their turns; only those with something waiting. */
  readonly #queues = new Map<Writer, Item[]>();

  get empty(): boolean {
    return this.#queues.size === 0;
  }

  push(writer: Writer, item: Item): void {
    const queue = this.#queues.get(writer);
    if (queue === undefined) this.#queues.set(writer, [item]);
    else queue.push(item);
  }

  /** The next item; its writer goes to the end of the line. */
  shift(): Item | undefined {
    const [next] = this.#queues;
    if (next === undefined) return undefined;
    const [writer, queue] = next;
    const item = queue.shift();
    this.#queues.delete(writer);
    if (queue.length > 0) this.#queues.set(writer, queue);
    return item;
  }

  /** Takes out all that waits of that writer. */
  remove(writer: Writer): Item[] {
    const queue = this.#queues.get(writer) ?? [];
    this.#queues.delete(writer);
    return queue;
  }

  /** Takes out everything. */
  drain(): Item[] {
    const items = [...this.#queues.values()].flat();
    this.#queues.clear();
    return items;
  }
}
