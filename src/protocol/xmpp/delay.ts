// XEP-0203: when a stanza was first sent, and who has kept it since.
import { formatDateTime, parseDateTime } from './date-time.ts';
import { type Element, xml } from './element.ts';
import { NS } from './namespaces.ts';

/** `from`: who kept it; `time`: Unix milliseconds at which it came to them. */
export function delay(from: string, time: number): Element {
  return xml('delay', NS.DELAY, { from, stamp: formatDateTime(time) });
}

/** When a stanza was first sent, in Unix milliseconds, as `from` says; undefined: they say nothing that can be read. */
export function delayOf(stanza: Element, from: string): number | undefined {
  for (const child of stanza.elements('delay', NS.DELAY))
    if (child.attributes['from'] === from) return parseDateTime(child.attributes['stamp'] ?? '');
  return undefined;
}
