/** Looks every few milliseconds; rejects when the condition does not come true in time. */
export async function until(condition: () => unknown, timeout = 5_000): Promise<void> {
  const end = performance.now() + timeout;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${timeout} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
