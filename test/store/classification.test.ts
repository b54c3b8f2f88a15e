import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../store/connect.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

type Classification = Record<string, Record<string, string>>;
let database: TestDatabase;
let classified: Classification;
beforeAll(async () => {
  database = await createTestDatabase();
  classified = JSON.parse(await readFile(new URL('../../docs/classification.json', import.meta.url), 'utf8')) as Classification;
});
afterAll(() => database.drop());

const namesOf = (table: Classification) => Object.entries(table).flatMap(([name, columns]) => Object.keys(columns).map((column) => `${name}.${column}`));
const classesOf = (schemas: RegExp) => Object.entries(classified).filter(([table]) => schemas.test(table)).flatMap(([table, columns]) => Object.entries(columns).map(([column, kind]) => ({ name: `${table}.${column}`, kind })));

test('every column of both databases is classified, and no column that is not there', async () => {
  const columns: string[] = [];
  for (const url of [database.superuserUrl, database.keysSuperuserUrl]) {
    const sql = connect(url, { max: 1 });
    const rows = await sql<{ name: string }[]>`
      select nspname || '.' || relname || '.' || attname as name
      from pg_attribute join pg_class on pg_class.oid = attrelid join pg_namespace on pg_namespace.oid = relnamespace
      where relkind in ('r', 'p') and attnum > 0 and not attisdropped and nspname in ('care', 'phi', 'gate', 'audit', 'auth', 'keys')`;
    columns.push(...rows.map((row) => row.name));
    await sql.end();
  }

  expect(namesOf(classified).sort()).toEqual(columns.sort());
});

test('each class is one of the five', () => {
  expect([...new Set(classesOf(/./).map(({ kind }) => kind))].sort()).toEqual(['clinical', 'identifying', 'operational', 'public', 'secret']);
});

test('what identifies or is clinical lies in phi alone, and what an application login reads is operational or public', () => {
  expect(classesOf(/^(?!phi\.)/).filter(({ kind }) => kind === 'identifying' || kind === 'clinical')).toEqual([]);
  expect([...new Set(classesOf(/^care\./).map(({ kind }) => kind))].sort()).toEqual(['operational', 'public']);
});
