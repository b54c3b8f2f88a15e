import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';

const headerLength = 100;

/**
 * Bytes of a SQLite file that are in use: its pages without the free ones, which is what a vacuum would leave but for
 * half-empty pages. Its server must have ended, so that the log is folded in; throws where it is not.
 */
export async function usedBytes(file: string): Promise<number> {
  if (existsSync(`${file}-wal`)) throw new Error(`${file} has a log that was not folded in: its server did not end cleanly.`);
  const handle = await open(file, 'r');
  try {
    const header = Buffer.alloc(headerLength);
    await handle.read(header, 0, headerLength, 0);
    if (!header.subarray(0, 15).equals(Buffer.from('SQLite format 3'))) throw new Error(`${file} is no SQLite file.`);
    const stated = header.readUInt16BE(16);
    // 65 536 does not fit into the two bytes and is written as 1.
    const pageSize = stated === 1 ? 65_536 : stated;
    return (header.readUInt32BE(28) - header.readUInt32BE(36)) * pageSize;
  } finally {
    await handle.close();
  }
}
