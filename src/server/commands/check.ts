import { type Command, commonFlags } from './command.ts';

export const check: Command = {
  name: 'check',
  summary: 'Reads the configuration and says what is wrong with it (then exit code 2).',
  flags: { ...commonFlags, insecure: { type: 'boolean', help: 'as for start' } },
  async run(call) {
    const { file, warnings } = call.configuration();
    if (call.json) call.print(JSON.stringify({ valid: true, file: file ?? null, warnings }));
    else call.print(file === undefined ? 'No configuration file: the defaults are valid.' : `${file} is valid.`);
    return 0;
  },
};
