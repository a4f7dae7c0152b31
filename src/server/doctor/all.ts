import { addresses } from './addresses.ts';
import { configuration } from './configuration.ts';
import { data } from './data.ts';
import { dns } from './dns.ts';
import type { Check } from './examination.ts';
import type { Subject } from './finding.ts';
import { machine } from './machine.ts';
import { media } from './media.ts';
import { ports } from './ports.ts';
import { time } from './time.ts';
import { tls } from './tls.ts';
import { turn } from './turn.ts';

/** One check a subject. */
export const checks: Readonly<Record<Subject, Check>> = {
  configuration,
  machine,
  time,
  data,
  addresses,
  dns,
  tls,
  ports,
  turn,
  media,
};
