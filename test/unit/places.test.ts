import { describe, expect, it } from 'vitest';
import { createPlaces } from '../../api/places.ts';
import { Problem } from '../../api/problem.ts';
import { createThreads } from '../../api/threads.ts';

const settings = { atOnce: 2, eachAtMost: 2, yours: 'Two of yours.', busy: 'Too many wait.', retryAfterSeconds: 5 };

/** Work that says when it has begun, and ends when it is told to. */
function pieces(places = createPlaces(settings)) {
  const begun: string[] = [];
  const end = new Map<string, () => void>();
  const start = (personId: string, name: string): Promise<string> =>
    places.within(personId, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => end.set(name, resolve));
      return name;
    });
  return { begun, start, end: (name: string) => end.get(name)?.() };
}

describe('places that people share', () => {
  it('never all go to one person: a second one comes next, and work of one is done one piece after the other', async () => {
    const { begun, start, end } = pieces();

    const all = [start('ann', 'ann 1'), start('ann', 'ann 2'), start('bob', 'bob 1'), start('cem', 'cem 1')];
    await Promise.resolve();
    const atFirst = [...begun];
    end('ann 1');
    await all[0];
    const then = [...begun];
    end('bob 1');
    await all[2];
    for (const name of ['ann 2', 'cem 1']) end(name);

    expect(atFirst).toEqual(['ann 1', 'bob 1']);
    expect(then).toEqual(['ann 1', 'bob 1', 'ann 2']);
    expect(await Promise.all(all)).toEqual(['ann 1', 'ann 2', 'bob 1', 'cem 1']);
  });

  it('are refused to whoever has as many as one may, and given again when one has failed', async () => {
    const places = createPlaces({ ...settings, eachAtMost: 1 });
    const { start, end } = pieces(places);

    const first = start('ann', 'first');
    const second = await places.within('ann', () => Promise.resolve()).catch((error: unknown) => error);
    end('first');
    await first;
    const failed = await places.within('ann', () => Promise.reject(new Error('no'))).catch((error: unknown) => error);
    const again = await places.within('ann', () => Promise.resolve('again'));

    expect(second).toBeInstanceOf(Problem);
    expect(second).toMatchObject({ code: 'too-many-requests', message: 'Two of yours.', retryAfterSeconds: 5 });
    expect([failed, again]).toEqual([new Error('no'), 'again']);
  });

  it('are not waited for by everybody: where fifty wait, the next is told', async () => {
    const places = createPlaces({ ...settings, atOnce: 1 });
    const { start, end } = pieces(places);

    const all = Array.from({ length: 51 }, (_, index) => start(`person ${index}`, `work ${index}`));
    const refused = await places.within('one too many', () => Promise.resolve()).catch((error: unknown) => error);
    for (const [index, work] of all.entries()) {
      end(`work ${index}`);
      await work;
    }

    expect(refused).toMatchObject({ code: 'too-many-requests', message: 'Too many wait.' });
  });
});

describe('a thread', () => {
  const tellers = () => createThreads<string, string[]>({ file: '../test/support/telling-thread', heapMb: 64, ...settings, tooMuch: () => new Error('too much') }, { timeLimitMs: 60_000, atOnce: 1 });

  it('has nothing of the environment that its process was given', async () => {
    const threads = tellers();

    const names = await threads.within('ann', (run) => run('which?'));
    await threads.close();

    expect(Object.keys(process.env).length).toBeGreaterThan(0);
    expect(names).toEqual([]);
  });

  it('ends with its process in the middle of its work, and begins no other', async () => {
    const threads = tellers();
    let begun = (): void => undefined;
    const isAtWork = new Promise<void>((resolve) => { begun = resolve; });
    const cut = threads.within('ann', (run) => {
      begun();
      return run('work without an end');
    }).catch((error: unknown) => error);
    await isAtWork;

    await threads.close();
    const later = await threads.within('bob', (run) => run('which?')).catch((error: unknown) => error);

    expect(await cut).toBeInstanceOf(Error);
    expect(later).toMatchObject({ code: 'unavailable' });
  });
});
