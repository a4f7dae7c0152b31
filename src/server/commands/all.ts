import { accountErase, accountExport } from './account-data.ts';
import { accountAdd, accountList } from './accounts.ts';
import { backup, restore } from './backup.ts';
import { check } from './check.ts';
import type { Command } from './command.ts';
import { credential, keyAdd } from './credentials.ts';
import { doctor } from './doctor.ts';
import { start } from './start.ts';

/** In the order of the overview; the first is what no command means. */
export const commands: readonly Command[] = [
  start,
  accountAdd,
  accountList,
  accountExport,
  accountErase,
  keyAdd,
  credential,
  check,
  doctor,
  backup,
  restore,
];
