import { describe, expect, it } from 'vitest';
import { OwnerCache } from './owner-cache.ts';

function counting(most: number, mayForget?: (value: string) => boolean) {
  const loads: string[] = [];
  const cache = new OwnerCache<string>({
    load: async (owner) => {
      loads.push(owner);
      if (owner === 'gone') throw new Error('away');
      return `of ${owner}`;
    },
    most,
    ...(mayForget && { mayForget }),
  });
  return { cache, loads };
}

describe('what is kept for an owner', () => {
  it('is loaded once, however many ask meanwhile, and is at hand afterwards', async () => {
    const { cache, loads } = counting(10);
    expect(await Promise.all([cache.get('a'), cache.get('a')])).toEqual(['of a', 'of a']);
    expect(cache.get('a')).toBe('of a');
    expect(cache.peek('b')).toBeUndefined();
    expect(loads).toEqual(['a']);
  });

  it('goes when others are used more, but not while it is ahead of the store', async () => {
    const { cache } = counting(2, (value) => value !== 'of a');
    for (const owner of ['a', 'b', 'c', 'd']) await cache.get(owner);
    expect(['a', 'b', 'c', 'd'].map((owner) => cache.peek(owner) !== undefined)).toEqual([true, false, false, true]);
  });

  it('that was set while it was loaded is the newer', async () => {
    const { cache } = counting(10);
    const loading = cache.get('a');
    cache.set('a', 'newer');
    expect(await loading).toBe('newer');
    expect(cache.get('a')).toBe('newer');
  });

  it('that could not be loaded is tried again', async () => {
    const { cache, loads } = counting(10);
    await expect(cache.get('gone')).rejects.toThrow('away');
    await expect(cache.get('gone')).rejects.toThrow('away');
    expect(loads).toEqual(['gone', 'gone']);
  });
});
