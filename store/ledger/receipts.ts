import { z } from 'zod';
import { LedgerDumpError } from './rows.ts';

/** A leaf hash that was handed out, and who has kept it: outside the database, so that whoever owns that cannot alter it. */
export interface Receipt {
  /** Such as `follow-up/… (remindPatient, 2026-03-02T10:00:00.000Z)`. */
  holder: string;
  leafHash: Uint8Array;
}

const receiptLine = z.object({ holder: z.string().min(1), leafHash: z.hex().length(64) });

/** A line of the file that `npm run ledger:receipts` writes. */
export const lineOfReceipt = ({ holder, leafHash }: Receipt): string => JSON.stringify({ holder, leafHash: Buffer.from(leafHash).toString('hex') });

/** Parses such lines. Rejects with LedgerDumpError. */
export async function receiptsOfLines(lines: AsyncIterable<string>): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for await (const line of lines) receipts.push(parseLine(line, receipts.length + 1));
  return receipts;
}

function parseLine(line: string, number: number): Receipt {
  try {
    const { holder, leafHash } = receiptLine.parse(JSON.parse(line));
    return { holder, leafHash: Buffer.from(leafHash, 'hex') };
  } catch (cause) {
    throw new LedgerDumpError(`Line ${number} of the receipts is not one receipt as JSON: make the file anew with npm run ledger:receipts.`, { cause });
  }
}
