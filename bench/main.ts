import { parseArgs } from 'node:util';
import { openBareSide } from './bare-side.ts';
import { openProductSide } from './product-side.ts';
import { reportOf, tableOf } from './report.ts';
import type { Report } from './report.ts';
import { measureContacts, measureEnrolments, measureHistories, measureSleepers } from './rounds.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

/** `npm run bench [-- --contacts N] [--enrolments N] [--json]`: what the product costs beside the bare engine, by turns in one run. */
interface Flags {
  contacts: number;
  enrolments: number;
  json: boolean;
}

const usage = 'Use: npm run bench [-- --contacts <10..20000>] [--enrolments <10..20000>] [--json]';
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function flagsOf(args: string[]): Flags | null {
  try {
    const { values } = parseArgs({ args, options: { contacts: { type: 'string', default: '200' }, enrolments: { type: 'string', default: '100' }, json: { type: 'boolean', default: false } } });
    const [contacts, enrolments] = [Number(values.contacts), Number(values.enrolments)];
    const fits = (count: number): boolean => Number.isInteger(count) && count >= 10 && count <= 20_000;
    return fits(contacts) && fits(enrolments) ? { contacts, enrolments, json: values.json } : null;
  } catch {
    return null;
  }
}

async function measure({ contacts, enrolments }: Flags): Promise<Report> {
  const stage = await openStage(say);
  try {
    return await measureOn(stage, contacts, enrolments);
  } catch (error) {
    say(`The worker said at last:\n${await stage.workerSaid()}`);
    throw error;
  } finally {
    await stage.close();
  }
}

async function measureOn(stage: Stage, contacts: number, enrolments: number): Promise<Report> {
  const product = await openProductSide(stage);
  const bare = await openBareSide(stage);
  try {
    const sides = { stage, product, bare, say };
    const sleepers = await measureSleepers(sides, enrolments);
    const { asleepMsEach, ...started } = await measureEnrolments(sides, enrolments);
    const histories = await measureHistories(sides);
    return reportOf({ ...started, sleepers, histories, contacts: await measureContacts(sides, contacts, asleepMsEach) });
  } finally {
    await product.close();
    await bare.close();
  }
}

const flags = flagsOf(process.argv.slice(2));
if (flags === null) {
  say(usage);
  process.exitCode = 2;
} else {
  const startedAt = performance.now();
  const report = await measure(flags);
  say(`done after ${Math.round((performance.now() - startedAt) / 1_000)} s\n`);
  process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : tableOf(report));
}
