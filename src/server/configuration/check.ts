import * as z from 'zod';
import type { KeySchema } from './environment.ts';
import { nearest, type Problem } from './problem.ts';
import { type ParsedConfiguration, schema } from './schema.ts';

let keys: KeySchema | undefined;

/** The schema's keys with their descriptions and defaults, as JSON Schema. */
export function configurationKeys(): KeySchema {
  keys ??= z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as KeySchema;
  return keys;
}

/** Checks against the schema; `names` says which keys came from which environment variable. */
export function checkConfiguration(
  raw: unknown,
  names: ReadonlyMap<string, string>,
): { parsed: ParsedConfiguration; problems: [] } | { parsed?: undefined; problems: Problem[] } {
  const result = schema.safeParse(raw);
  if (result.success) return { parsed: result.data, problems: [] };
  return { problems: result.error.issues.flatMap((issue) => describe(issue, names)) };
}

function describe(issue: z.core.$ZodIssue, names: ReadonlyMap<string, string>): Problem[] {
  const path = issue.path.map(String);
  const key = keyName(path, names);
  const node = nodeAt(path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((unknown) => {
      const meant = suggestKey(path, unknown);
      return {
        key: path.length === 0 ? unknown : `${key}.${unknown}`,
        reason: 'no such key',
        ...(meant !== undefined && { suggestion: `did you mean ${meant}?` }),
      };
    });
  }
  const suggestion = suggestValue(issue, node, path);
  return [{ key, reason: reasonFor(issue, node), ...(suggestion !== undefined && { suggestion }) }];
}

function reasonFor(issue: z.core.$ZodIssue, node: KeySchema | undefined): string {
  switch (issue.code) {
    case 'custom':
      return issue.message;
    case 'invalid_type':
      return issue.message.endsWith('received undefined')
        ? 'is missing'
        : `must be ${TYPE[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.join(', ')}`;
    case 'too_small':
      return issue.origin === 'number' ? `must be at least ${issue.minimum}` : 'must not be empty';
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'invalid_union':
      return `must be ${(node?.anyOf ?? []).map((option) => TYPE[option.type ?? ''] ?? option.type).join(' or ')}`;
    default:
      return issue.message;
  }
}

const TYPE: Record<string, string> = {
  string: 'text',
  array: 'a list',
  object: 'a group of keys',
  boolean: 'true or false',
  int: 'a whole number',
  integer: 'a whole number',
  number: 'a number',
};

function suggestValue(issue: z.core.$ZodIssue, node: KeySchema | undefined, path: string[]): string | undefined {
  const last = path.findLast((part) => !/^\d+$/.test(part));
  if (issue.code === 'custom' && typeof issue.params?.['example'] === 'string')
    return `for example ${issue.params['example']}`;
  const example = node?.examples?.[0];
  if (example !== undefined) return `for example ${example}`;
  if (node?.type === 'array' && node.items?.examples) return `for example ${last}: [ "${node.items.examples[0]}" ]`;
  if (node?.default !== undefined && typeof node.default !== 'object') return `the default is ${node.default}`;
  if (issue.code === 'invalid_type' && issue.expected === 'string') return 'put it in quotes';
  return undefined;
}

/** `web.origins[0]`, or the environment variable that it came from. */
function keyName(path: string[], names: ReadonlyMap<string, string>): string {
  for (let length = path.length; length > 0; length--) {
    const name = names.get(path.slice(0, length).join('.'));
    if (name !== undefined) return `${name}${bracketed(path.slice(length), true)}`;
  }
  return path.length === 0 ? '(the file)' : bracketed(path, false);
}

function bracketed(path: string[], dotFirst: boolean): string {
  return path.reduce(
    (text, part) => (/^\d+$/.test(part) ? `${text}[${part}]` : `${text}${text || dotFirst ? '.' : ''}${part}`),
    '',
  );
}

function nodeAt(path: string[]): KeySchema | undefined {
  let node: KeySchema | undefined = configurationKeys();
  for (const part of path) node = /^\d+$/.test(part) ? node?.items : node?.properties?.[part];
  return node;
}

/** A near key of the same group; else the same or a near key of another one. */
function suggestKey(path: string[], unknown: string): string | undefined {
  const here = nearest(unknown, Object.keys(nodeAt(path)?.properties ?? {}));
  if (here !== undefined) return bracketed([...path, here], false);
  const everywhere = new Map<string, string>();
  const walk = (node: KeySchema, at: string[]) => {
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      if (!everywhere.has(key)) everywhere.set(key, [...at, key].join('.'));
      walk(child, [...at, key]);
    }
  };
  walk(configurationKeys(), []);
  const elsewhere = everywhere.has(unknown) ? unknown : nearest(unknown, everywhere.keys());
  return elsewhere === undefined ? undefined : everywhere.get(elsewhere);
}
