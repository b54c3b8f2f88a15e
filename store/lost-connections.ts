import type { Sql, Transaction } from './connect.ts';

/** Thrown to whoever goes on with a transaction that is over: its connection was lost, or ended by the database because nothing was done in it for too long. */
export class TransactionOver extends Error {
  readonly code = 'CONNECTION_CLOSED';
  constructor() {
    super('This transaction is over: its connection was lost. Nothing of it was changed; try it again.');
  }
}

interface Life {
  isOver: boolean;
}

/**
 * Has each transaction of a pool end with its connection. The driver alone lets the work of a transaction go on when that is lost: its next statement, or the
 * roll-back, ends the process in the midst of a write to nothing, or runs by itself on the connection that was opened again meanwhile, and half a change is committed.
 */
export function withLostConnections(sql: Sql): Sql {
  const begin = sql.begin.bind(sql);
  const safely = async <Result>(options: string, work: (tx: Transaction) => Result | Promise<Result>) => {
    const life: Life = { isOver: false };
    try {
      return await begin(options, (tx) => untilLost(life, async () => work(lived(tx, life))));
    } finally {
      life.isOver = true;
    }
  };
  sql.begin = <Result>(options: string | ((tx: Transaction) => Result | Promise<Result>), work?: (tx: Transaction) => Result | Promise<Result>) => {
    if (typeof options !== 'string') return safely('', options);
    if (work === undefined) throw new TypeError('Give the work of the transaction.');
    return safely(options, work);
  };
  return sql;
}

/** Never settles once the connection is lost: the driver has said so to who began the transaction, and would end it by a statement of its own. */
async function untilLost<Result>(life: Life, work: () => Promise<Result>): Promise<Result> {
  try {
    const result = await work();
    if (!life.isOver) return result;
  } catch (error) {
    // Who waited for a statement hears of the loss before who began the transaction does.
    await new Promise((resolve) => setImmediate(resolve));
    if (!life.isOver) throw error;
  }
  return new Promise<never>(() => undefined);
}

function lived(tx: Transaction, life: Life): Transaction {
  const savepoint = async <Result>(name: string | ((part: Transaction) => Result | Promise<Result>), work?: (part: Transaction) => Result | Promise<Result>) => {
    const part = typeof name === 'string' ? work : name;
    if (part === undefined) throw new TypeError('Give the work of the savepoint.');
    return tx.savepoint(typeof name === 'string' ? name : '', (inner) => untilLost(life, async () => part(lived(inner, life))));
  };
  return new Proxy(tx, {
    apply(target, self, given: unknown[]): unknown {
      if (life.isOver) throw new TransactionOver();
      return Reflect.apply(target, self, given);
    },
    get(target, key): unknown {
      if (life.isOver) throw new TransactionOver();
      return key === 'savepoint' ? savepoint : Reflect.get(target, key);
    },
  });
}
