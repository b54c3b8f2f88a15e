/** What one side did in one round. */
export interface Round {
  count: number;
  elapsedMs: number;
  /** CPU over the round, by process, in milliseconds; empty where the system does not tell. */
  cpuMs: Readonly<Record<string, number>>;
}

export interface Comparison {
  product: readonly Round[];
  bare: readonly Round[];
}

export interface Measurements {
  contacts: Comparison;
  enrolments: Comparison;
  /** History lengths at rest of the same plan with one reminder and with two, pair by pair. */
  histories: readonly { oneReminder: number; twoReminders: number }[];
  /** Growth of Temporal's database by so many sleeping threads, in bytes. */
  sleepers: { product: Growth; bare: Growth };
}

export interface Growth {
  count: number;
  bytes: number;
}

/** What `--json` prints. `cpuMsByProcess` is per contact; names that begin with `bare` are of the bare engine's rounds. */
export interface Report {
  contacts: { perSecond: number; barePerSecond: number; ratio: number; cpuMsByProcess: Record<string, number> };
  eventsPerReminder: number;
  bytesPerSleepingEnrolment: number;
  bareBytesPerSleeper: number;
  enrolments: { perSecond: number; barePerSecond: number; ratio: number };
}

/** The rounds' medians. A ratio is that of the medians, product over bare. */
export function reportOf({ contacts, enrolments, histories, sleepers }: Measurements): Report {
  return {
    contacts: { ...rates(contacts), cpuMsByProcess: { ...cpuPerItem(contacts.product, ''), ...cpuPerItem(contacts.bare, 'bare-') } },
    eventsPerReminder: median(histories.map(({ oneReminder, twoReminders }) => twoReminders - oneReminder)),
    bytesPerSleepingEnrolment: Math.round(sleepers.product.bytes / sleepers.product.count),
    bareBytesPerSleeper: Math.round(sleepers.bare.bytes / sleepers.bare.count),
    enrolments: rates(enrolments),
  };
}

const aims = { contacts: 0.7, events: 11, bytes: 1.2, enrolments: 0.6 } as const;

/** The report beside the aims, as a Markdown table. */
export function tableOf({ contacts, eventsPerReminder, bytesPerSleepingEnrolment, bareBytesPerSleeper, enrolments }: Report): string {
  const bytesRatio = rounded(bytesPerSleepingEnrolment / bareBytesPerSleeper, 2);
  const rows = [
    ['what', 'product', 'bare engine', 'ratio', 'aim'],
    ['---', '---', '---', '---', '---'],
    ['contacts a second', contacts.perSecond, contacts.barePerSecond, contacts.ratio, `at least ${aims.contacts}${verdict(contacts.ratio >= aims.contacts)}`],
    ['events per reminder', eventsPerReminder, '', '', `${aims.events}${verdict(eventsPerReminder <= aims.events)}`],
    ['bytes per sleeper', bytesPerSleepingEnrolment, bareBytesPerSleeper, bytesRatio, `at most ${aims.bytes}${verdict(bytesRatio <= aims.bytes)}`],
    ['enrolments a second', enrolments.perSecond, enrolments.barePerSecond, enrolments.ratio, `at least ${aims.enrolments}${verdict(enrolments.ratio >= aims.enrolments)}`],
  ];
  const cpu = Object.entries(contacts.cpuMsByProcess).map(([name, ms]) => `${name} ${ms}`);
  return `${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n\nCPU per contact in milliseconds: ${cpu.join(', ') || 'this system does not tell'}.\n`;
}

/** The middle value; of an even number, the mean of the middle two. Throws when there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new Error('Nothing was measured: there is no median.');
  return (lower + upper) / 2;
}

function rates({ product, bare }: Comparison): { perSecond: number; barePerSecond: number; ratio: number } {
  const perSecond = median(product.map(perSecondOf));
  const barePerSecond = median(bare.map(perSecondOf));
  return { perSecond: rounded(perSecond, 1), barePerSecond: rounded(barePerSecond, 1), ratio: rounded(perSecond / barePerSecond, 2) };
}

const perSecondOf = ({ count, elapsedMs }: Round): number => (count * 1_000) / elapsedMs;

function cpuPerItem(rounds: readonly Round[], prefix: string): Record<string, number> {
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round.cpuMs)))];
  return Object.fromEntries(names.map((name) => [prefix + name, rounded(median(rounds.map(({ cpuMs, count }) => (cpuMs[name] ?? 0) / count)), 2)]));
}

const verdict = (isMet: boolean): string => (isMet ? ', met' : ', missed');
const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
