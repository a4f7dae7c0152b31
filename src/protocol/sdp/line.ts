// RFC 8866 section 5: a description is lines `<type>=<value>`, in order; attributes are `a=<name>` or `a=<name>:<value>`.
import type { ByteString } from '../byte-string.ts';

export interface Line {
  /** One letter. */
  type: string;
  value: ByteString;
}

export function attributeLine(name: string, value?: ByteString): Line {
  return { type: 'a', value: value === undefined ? name : `${name}:${value}` };
}

/** The name of an attribute line; undefined for other lines. */
export function attributeName(line: Line): string | undefined {
  if (line.type !== 'a') return undefined;
  const colon = line.value.indexOf(':');
  return colon < 0 ? line.value : line.value.slice(0, colon);
}

/**
 * The lines of one level (session or media), and their attributes by name. Nothing is lost: what nobody knows stays in
 * `lines`. A block is not changed once it is made; a translation makes a new one.
 */
export class LineBlock {
  readonly lines: readonly Line[];
  private index: Map<string, ByteString[]> | undefined;

  constructor(lines: readonly Line[]) {
    this.lines = lines;
  }

  /** The value of the first line of this type. */
  value(type: string): ByteString | undefined {
    return this.lines.find((line) => line.type === type)?.value;
  }

  /** Every value of this attribute at this level, in order; a property attribute has the value ''. */
  attributes(name: string): readonly ByteString[] {
    if (this.index === undefined) {
      this.index = new Map();
      for (const line of this.lines) {
        const key = attributeName(line);
        if (key === undefined) continue;
        const value = line.value.slice(key.length + 1);
        const values = this.index.get(key);
        if (values) values.push(value);
        else this.index.set(key, [value]);
      }
    }
    return this.index.get(name) ?? [];
  }

  attribute(name: string): ByteString | undefined {
    return this.attributes(name)[0];
  }

  has(name: string): boolean {
    return this.attributes(name).length > 0;
  }
}
