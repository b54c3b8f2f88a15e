import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { noteVerifier } from './checkpoint.ts';
import { receiptsOfLines } from './receipts.ts';
import { databaseLines, fileLines, LedgerDumpError, ledgerRows } from './rows.ts';
import type { LedgerVerdict } from './verify.ts';
import { verifyLedger } from './verify.ts';

const usage = `Compares the audit rows with the tree that was signed outside the database.

  npm run ledger:verify -- --directory DIR --public-key FILE (--database-url URL | --database-url-file FILE | --rows FILE) [--witness FILE ...] [--receipts FILE] [--json]
  npm run ledger:verify -- (--database-url URL | --database-url-file FILE) --dump FILE

  --directory     where the sealer keeps checkpoint and tiles, or a copy of it
  --public-key    file with the ledger's public note key
  --database-url  reads audit.event, audit.leaf and audit.pending (a login that may select them, such as ct_sealer)
  --database-url-file  the same, with the URL in a file: what stands on a command line is shown to everybody on the host
  --rows          reads them from a file that --dump made: needs no database
  --dump          writes the rows as JSON lines and ends
  --witness       an earlier checkpoint that was kept elsewhere; may be given more than once
  --receipts      what npm run ledger:receipts took out of Temporal's histories, before the rows were read
  --json          the verdict as JSON

Ends with 0 when all is as it was sealed, 1 when not, 2 when it could not be checked.
`;

/** Thrown for arguments that do not make sense together. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      directory: { type: 'string' },
      'public-key': { type: 'string' },
      'database-url': { type: 'string' },
      'database-url-file': { type: 'string' },
      rows: { type: 'string' },
      dump: { type: 'string' },
      witness: { type: 'string', multiple: true, default: [] },
      receipts: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const urlFile = values['database-url-file'];
  const url = urlFile === undefined ? values['database-url'] : (await readFile(urlFile, 'utf8')).trim();
  if (urlFile !== undefined && values['database-url'] !== undefined) throw new UsageError('Give either --database-url or --database-url-file.');
  if (values.dump !== undefined) {
    if (url === undefined) throw new UsageError('--dump needs --database-url or --database-url-file.');
    const file = values.dump;
    await withLines(url, (lines) => writeFile(file, withLineEnds(lines), { mode: 0o600 }));
    return 0;
  }
  const { directory, 'public-key': keyFile, rows } = values;
  if (directory === undefined || keyFile === undefined) throw new UsageError('--directory and --public-key are needed.');
  if ((url === undefined) === (rows === undefined)) throw new UsageError('Give one of --database-url, --database-url-file and --rows.');
  const publicKey = noteVerifier(await readFile(keyFile, 'utf8'));
  const witnesses = await Promise.all(values.witness.map((file) => readFile(file, 'utf8')));
  const receipts = values.receipts === undefined ? [] : await receiptsOfLines(fileLines(values.receipts));
  // Nothing compared is not nothing found.
  if (values.receipts !== undefined && receipts.length === 0) throw new LedgerDumpError(`There is no receipt in ${values.receipts}, so nothing would be compared: make it anew with npm run ledger:receipts, or leave --receipts out.`);
  const check = (lines: AsyncIterable<string>): Promise<LedgerVerdict> => verifyLedger({ rows: ledgerRows(lines), directory, publicKey, witnesses, receipts });
  const verdict = url === undefined ? await check(fileLines(rows ?? '')) : await withLines(url, check);
  process.stdout.write(values.json ? `${JSON.stringify(verdict)}\n` : report(verdict));
  return verdict.ok ? 0 : 1;
}

async function withLines<Result>(url: string, use: (lines: AsyncIterable<string>) => Promise<Result>): Promise<Result> {
  const sql = postgres(url, { max: 1 });
  try {
    return await use(databaseLines(sql));
  } finally {
    await sql.end();
  }
}

async function* withLineEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

function report({ ok, size, unsigned, pending, receipts, problems }: LedgerVerdict): string {
  const state = `${size} leaves signed, ${unsigned} not signed yet, ${pending} rows waiting${receipts === 0 ? '' : `, ${receipts} receipts compared`}.`;
  return [...problems.map(({ kind, message }) => `${kind}: ${message}`), ok ? `The ledger is whole: ${state}` : `The ledger is NOT whole, ${problems.length} found: ${state}`, ''].join('\n');
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}
