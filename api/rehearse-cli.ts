import { rehearseCommand } from './rehearse-command.ts';

/** `npm run rehearse -- PLAN.yaml`: see docs/rehearsal.md. */
const { code, out, error } = rehearseCommand(process.argv.slice(2));
process.stdout.write(out);
process.stderr.write(error);
process.exitCode = code;
