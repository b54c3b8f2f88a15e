import { once } from 'node:events';
import { connect as connectTo, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { createActivities } from '../../activities/index.ts';
import type { ActivityDeps } from '../../activities/index.ts';
import type { CareActivities } from '../../domain/threads.ts';
import { connect } from '../../store/connect.ts';
import { createGate } from '../../store/gate.ts';

/**
 * One life of a worker's process, which ends after its n-th word to the outside: that word, a statement, a POST or a poke, has reached
 * whom it was for and done its work; its answer, and all that would have followed, never comes. This is what anybody outside sees of a SIGKILL there, at the price of
 * a connection instead of a process.
 */
export interface MortalProcess {
  activities: CareActivities;
  /** Settles with what the work came to, or with `dead`. */
  live<Result>(work: (activities: CareActivities) => Promise<Result>): Promise<{ kind: 'done'; result: Result } | { kind: 'dead' }>;
  close(): Promise<void>;
}

export interface MortalOptions {
  deps: ActivityDeps;
  /** Postgres as the worker reaches it. */
  databaseUrl: string;
  /** The number of the word that is its last, from 1. */
  lastWord: number;
}

export async function startMortalProcess({ deps, databaseUrl, lastWord }: MortalOptions): Promise<MortalProcess> {
  let words = 0;
  let isDead = false;
  let die: () => void = () => undefined;
  const death = new Promise<{ kind: 'dead' }>((resolve) => {
    die = () => {
      isDead = true;
      resolve({ kind: 'dead' });
    };
  });
  const isLast = (): boolean => {
    words += 1;
    return words === lastWord;
  };
  /** Of a dead process nothing goes out any more, and nothing comes back to it. */
  const never = <Result>(): Promise<Result> => new Promise(() => undefined);
  const saying = <Args extends unknown[], Result>(say: (...args: Args) => Promise<Result>) => async (...args: Args): Promise<Result> => {
    if (isDead) return never();
    const last = isLast();
    const answer = await say(...args);
    if (last) die();
    return last ? never() : answer;
  };
  const wire = await openDatabaseWire(databaseUrl, { isLast, isDead: () => isDead, die });
  const sql = connect(wire.url, { max: 4 });
  const { sms, voice, mail, poker } = deps;
  const activities = createActivities({
    ...deps,
    sql,
    gate: createGate(sql),
    sms: { ...sms, send: saying((request) => sms.send(request)), find: saying((search) => sms.find(search)) },
    voice: { ...voice, place: saying((request) => voice.place(request)), find: saying((search) => voice.find(search)) },
    mail: { ...mail, send: saying((request) => mail.send(request)) },
    poker: { poke: saying((threads) => poker.poke(threads)) },
  });
  return {
    activities,
    live: async (work) => {
      const worked = work(activities).then((result) => ({ kind: 'done' as const, result }));
      // What a dead process would have thrown at itself is nobody's.
      worked.catch(() => undefined);
      return Promise.race([death, worked.catch((error: unknown) => (isDead ? death : Promise.reject(error instanceof Error ? error : new Error(String(error)))))]);
    },
    close: async () => {
      isDead = true;
      await sql.end({ timeout: 0 });
      await wire.close();
    },
  };
}

interface Mortality {
  isLast: () => boolean;
  isDead: () => boolean;
  die: () => void;
}

/** Asked by the driver itself when it connects, of its own accord and only for its own memory. */
const askedByDriver = 'b.typarray';

/**
 * A way to Postgres that carries one statement after the other, until the process is dead: then Postgres sees it gone, and it hears nothing any more. (Its sockets
 * are not closed before the test is done with it: a dead process does not handle errors.)
 */
async function openDatabaseWire(databaseUrl: string, { isLast, isDead, die }: Mortality): Promise<{ url: string; close(): Promise<void> }> {
  const url = new URL(databaseUrl);
  const postgres = { host: url.hostname, port: Number(url.port) };
  const clients = new Set<Socket>();
  const upstreams = new Set<Socket>();
  const cut = (sockets: Set<Socket>): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    const upstream = connectTo(postgres);
    keep(clients, client).once('close', () => upstream.destroy());
    keep(upstreams, upstream);
    // Postgres says that it is ready once after the greeting, and once after each statement.
    let owed = 1;
    let dies = false;
    let isOwn = false;
    const statements = framesOf(true, (type, frame) => {
      if (isDead() || dies) return;
      isOwn ||= type === 'P' && !frame.includes(askedByDriver);
      const isStatement = type === 'S' || type === 'Q';
      if (isStatement) owed += 1;
      if (isStatement && (isOwn || type === 'Q') && isLast()) dies = true;
      upstream.write(frame);
    });
    const answers = framesOf(false, (type, frame) => {
      if (type === 'Z') owed -= 1;
      if (dies && owed === 0) {
        die();
        cut(upstreams);
      } else if (!dies && !isDead()) client.write(frame);
    });
    client.on('data', statements);
    upstream.on('data', answers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    close: async () => {
      cut(clients);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function keep(sockets: Set<Socket>, socket: Socket): Socket {
  sockets.add(socket);
  // The protocol's messages go on one by one: held back until the one before is acknowledged, each statement would take 40 ms longer.
  socket.setNoDelay(true);
  // One that fails is closed, and nothing more.
  return socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
}

/** Cuts a stream into the protocol's messages: a letter (but for the greeting), a length that counts itself, and the rest. */
function framesOf(beginsWithGreeting: boolean, take: (type: string, frame: Buffer) => void): (chunk: Buffer) => void {
  let held = Buffer.alloc(0);
  let headLength = beginsWithGreeting ? 0 : 1;
  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= headLength + 4) {
      const length = headLength + held.readInt32BE(headLength);
      if (held.length < length) return;
      take(headLength === 0 ? '' : held.toString('latin1', 0, 1), held.subarray(0, length));
      held = held.subarray(length);
      headLength = 1;
    }
  };
}
