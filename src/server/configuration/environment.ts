// The configuration in the environment: `turn.allowPeers` is CHAPPE_TURN_ALLOW_PEERS; lists and objects are JSON.
import { nearest, type Problem } from './problem.ts';

/** The part of JSON Schema that `z.toJSONSchema` gives for our schema. */
export interface KeySchema {
  type?: string;
  description?: string;
  default?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  properties?: Record<string, KeySchema>;
  items?: KeySchema;
  anyOf?: KeySchema[];
}

const PREFIX = 'CHAPPE_';
/** Names that are not configuration: the launcher's pipe, and what our own tests read. */
const OTHERS = /^CHAPPE_(?:LAUNCHER_FD|TEST_.*|BENCH_.*|CI_.*)$/;

export function environmentName(path: readonly string[]): string {
  return PREFIX + path.map((part) => part.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()).join('_');
}

/** Every key that a variable can set, whole objects too, by the variable's name. */
function variables(
  schema: KeySchema,
  path: string[] = [],
  found = new Map<string, { path: string[]; schema: KeySchema }>(),
) {
  if (path.length > 0) found.set(environmentName(path), { path, schema });
  for (const [key, child] of Object.entries(schema.properties ?? {})) variables(child, [...path, key], found);
  return found;
}

/** Lays the environment over what the file says (shorter names first, so that a part beats the whole). */
export function applyEnvironment(
  raw: Record<string, unknown>,
  environment: Record<string, string | undefined>,
  schema: KeySchema,
): { problems: Problem[]; warnings: string[]; names: Map<string, string> } {
  const known = variables(schema);
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const names = new Map<string, string>();
  for (const name of Object.keys(environment).sort((a, b) => a.length - b.length)) {
    const text = environment[name];
    if (!name.startsWith(PREFIX) || text === undefined || OTHERS.test(name)) continue;
    const variable = known.get(name);
    if (variable === undefined) {
      const meant = nearest(name, known.keys());
      warnings.push(
        `${name} is no setting of Chappe and has no effect${meant === undefined ? '' : `: did you mean ${meant}?`}`,
      );
      continue;
    }
    if (text === '') continue; // as good as unset: `CHAPPE_X= npm start`
    const value = read(text, variable.schema);
    if (value instanceof Error) {
      const example =
        variable.schema.type === 'array' ? `for example ${name}='${jsonExample(variable.schema)}'` : undefined;
      problems.push({ key: name, reason: value.message, ...(example && { suggestion: example }) });
      continue;
    }
    names.set(variable.path.join('.'), name);
    put(raw, variable.path, value);
  }
  return { problems, warnings, names };
}

function read(text: string, schema: KeySchema): unknown {
  const types = schema.anyOf?.map((option) => option.type) ?? [schema.type];
  if (types.includes('string') && !(types.includes('array') && text.trimStart().startsWith('['))) return text;
  if (types.includes('integer') || types.includes('number'))
    return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : new Error('must be a number');
  if (types.includes('boolean')) {
    return text === 'true' || text === '1'
      ? true
      : text === 'false' || text === '0'
        ? false
        : new Error('must be true or false');
  }
  try {
    return JSON.parse(text);
  } catch {
    return new Error(`must be a JSON ${types.includes('array') ? 'list' : 'object'}`);
  }
}

function jsonExample(schema: KeySchema): string {
  return JSON.stringify(schema.items?.examples ?? []);
}

function put(raw: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = raw;
  for (const part of path.slice(0, -1)) {
    const next = Object.hasOwn(at, part) ? at[part] : undefined;
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) at = next as Record<string, unknown>;
    else {
      const fresh = {};
      at[part] = fresh;
      at = fresh;
    }
  }
  at[path.at(-1) as string] = value;
}
