import { Connection, storageError } from './connection.ts';

/** The version of the database that answers there, such as `15.8`; rejects with a StorageError. */
export async function postgresVersion(url: string): Promise<string> {
  const connection = new Connection(url);
  try {
    const { rows } = await connection.query('show server_version');
    return String(rows[0]?.['server_version']).split(' ', 1)[0] as string;
  } catch (error) {
    throw storageError(error);
  } finally {
    await connection.close();
  }
}
