import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { SqliteDatabase } from 'kysely';

/** kysely's SqliteDialect expects better-sqlite3's face; this is node:sqlite's, as far as migrations and rare queries go. */
export function asSqliteDatabase(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => {}, // whoever opened the database closes it
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
        run(parameters) {
          const { changes, lastInsertRowid } = statement.run(...(parameters as SQLInputValue[]));
          return { changes, lastInsertRowid };
        },
        iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
      };
    },
  };
}
