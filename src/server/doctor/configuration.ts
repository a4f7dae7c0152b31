import type { Check } from './examination.ts';
import { findings } from './finding.ts';

/** What `chappe check` warns of. A configuration that is wrong is told before anything else is looked at. */
export const configuration: Check = ({ warnings }) => {
  const { list, ok, warning } = findings('configuration');
  for (const text of warnings) warning('The configuration has a weakness', `${text}.`);
  if (warnings.length === 0) ok('The configuration is valid', 'Every key is known and fits the others.');
  return list;
};
