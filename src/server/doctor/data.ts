import { SEAL_KEY } from '../data-folder.ts';
import type { Check } from './examination.ts';
import { enumerate, findings } from './finding.ts';

const MEBIBYTE = 1024 * 1024;
const LITTLE = 1024 * MEBIBYTE;
const TOO_LITTLE = 64 * MEBIBYTE;

/** The oldest that its makers still care for when this was written. */
const OLDEST_POSTGRES = 13;

/** The data folder, and the database where that is another: nothing is acknowledged that is not written there. */
export const data: Check = async ({ system, configuration }) => {
  const { list, ok, warning, problem } = findings('data');
  const path = configuration.data;
  const { mode, writable, free, files } = await system.folder(path);
  if (!writable)
    problem(
      'The data folder cannot be written',
      `${path} is not writable for this user: the server does not start, and phones cannot register.`,
      'Give it to the user that runs the server: chown, or another --data.',
    );
  else if (mode === undefined) ok('The data folder will be made', `${path}, at the first start.`);
  else ok('The data folder can be written', path);

  const loose = files.filter((file) => file.name === SEAL_KEY && (file.mode & 0o077) !== 0).map(({ name }) => name);
  if (mode !== undefined && (mode & 0o077) !== 0) loose.unshift('the folder');
  if (loose.length > 0)
    warning(
      'Others may read the data folder',
      `${enumerate(loose)} in ${path}: passwords are sealed with a key that lies there.`,
      'The next start closes it; chmod -R go= does so now.',
    );

  const megabytes = `${Math.floor(free / MEBIBYTE)} MiB are free.`;
  if (free < TOO_LITTLE)
    problem('The disk is full', `${megabytes} Registrations and new accounts will be refused.`, 'Make room.');
  else if (free < LITTLE) warning('The disk is nearly full', megabytes, 'Make room.');

  const { database } = configuration;
  if (database !== undefined)
    try {
      const version = await system.postgresVersion(database);
      if (Number.parseInt(version, 10) < OLDEST_POSTGRES)
        warning(
          'PostgreSQL is old',
          `It is version ${version}.`,
          `Version ${OLDEST_POSTGRES} or later is known to work.`,
        );
      else ok('The database answers', `PostgreSQL ${version}.`);
    } catch (error) {
      problem(
        'The database does not answer',
        `${(error as Error).message}: messages, registrations and new accounts are refused.`,
        'Start it, or put right host, name, user and password in data.',
      );
    }
  return list;
};
