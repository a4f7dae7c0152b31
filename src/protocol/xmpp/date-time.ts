// XEP-0082: a point in time as text.

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** Unix milliseconds to `2026-01-31T12:00:00.000Z`. */
export function formatDateTime(time: number): string {
  return new Date(time).toISOString();
}

/** Unix milliseconds; undefined where the text is no DateTime of section 3.2, or names no day or hour there is. */
export function parseDateTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const fraction = Math.floor(Number(`0.${match[7] ?? 0}`) * 1000);
  const time = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
  const zone = match[8] as string;
  if (zone === 'Z') return time;
  const away = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return time - (zone.startsWith('-') ? -away : away) * 60_000;
}
