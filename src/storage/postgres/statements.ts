// The statements of ../statements.ts as PostgreSQL is given them: numbered parameters, prepared under their names.
import type { QueryConfig } from 'pg';
import {
  type AppendName,
  appends,
  type Parameters,
  type ReadName,
  reads,
  type SqlValue,
  type StatementName,
  statements,
} from '../statements.ts';

/** Written otherwise. */
const own: Partial<Record<StatementName, string>> = {
  addCalls: `insert into call (call_id, from_address, to_address, caller, callee, started, answered, ended, status,
      ended_by, reason, media, legs)
    select "callId", "from", "to", caller, callee, started, answered, ended, status, "endedBy", reason, media, legs
    from json_to_recordset(@records) as r("callId" text, "from" text, "to" text, caller text, callee text, started bigint,
      answered bigint, ended bigint, status bigint, "endedBy" text, reason text, media text, legs text)`,
};

/** Types of the columns that are no text. */
const CASTS: Readonly<Record<string, string>> = { time: 'bigint' };

interface Compiled {
  text: string;
  parameters: string[];
}

const compiled = new Map<string, Compiled>();

function compile(name: string, sql: string): Compiled {
  let found = compiled.get(name);
  if (found === undefined) {
    const parameters: string[] = [];
    const text = sql
      .replaceAll(/ indexed by \w+/g, '') // PostgreSQL keeps statistics, and needs no telling
      .replaceAll(/json_each\(@(\w+)\)/g, 'json_array_elements_text(cast(@$1 as json))') // its column is `value`, too
      .replaceAll(/@(\w+)/g, (_, parameter: string) => {
        if (!parameters.includes(parameter)) parameters.push(parameter);
        return `$${parameters.indexOf(parameter) + 1}`;
      });
    found = { text, parameters };
    compiled.set(name, found);
  }
  return found;
}

function query(name: string, sql: string, values: Parameters): QueryConfig {
  const { text, parameters } = compile(name, sql);
  return { name, text, values: parameters.map((parameter) => values[parameter]) };
}

export function readQuery(name: ReadName, parameters: Parameters): QueryConfig {
  return query(`read ${name}`, reads[name], parameters);
}

export function writeQuery(name: StatementName, parameters: Parameters): QueryConfig {
  return query(`write ${name}`, own[name] ?? statements[name], parameters);
}

/** All rows as one parameter of JSON. */
export function appendQuery(name: AppendName, rows: SqlValue[][]): QueryConfig {
  const columns = appends[name];
  const values = columns.map((column, i) => `cast(value ->> ${i} as ${CASTS[column] ?? 'text'})`);
  return {
    name: `append ${name}`,
    text: `insert into ${name} (${columns}) select ${values} from json_array_elements(cast($1 as json)) as rows(value)
      on conflict do nothing`,
    // Half of a surrogate pair is no text to PostgreSQL, and would be everybody's failure.
    values: [JSON.stringify(rows, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value))],
  };
}
