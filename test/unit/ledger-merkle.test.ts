import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { generateNoteKey, noteSigner, noteVerifier, openCheckpoint, signCheckpoint } from '../../store/ledger/checkpoint.ts';
import { consistencyProof, createFrontier, hashLeaf, inclusionProof, nodesOf, treeRoot, verifyConsistency, verifyInclusion } from '../../store/ledger/merkle.ts';

const folder = fileURLToPath(new URL('../store/merkle-go', import.meta.url));
const hashes = z.array(z.hex());
const vectorsSchema = z.object({
  leaves: hashes,
  leafHashes: hashes,
  roots: hashes,
  inclusion: z.array(z.object({ index: z.number(), size: z.number(), proof: hashes })),
  consistency: z.array(z.object({ from: z.number(), to: z.number(), proof: hashes })),
  privateKey: z.string(),
  publicKey: z.string(),
  note: z.string(),
});
const run = promisify(execFile);
const committed = await readFile(`${folder}/vectors.json`, 'utf8');
const vectors = vectorsSchema.parse(JSON.parse(committed));
const leaves = vectors.leafHashes.map((hash) => Buffer.from(hash, 'hex'));
const read = nodesOf(leaves);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const rootAt = (size: number): Promise<Uint8Array> => treeRoot(read, size);

const askGo = async (...words: string[]): Promise<string> =>
  (await run('go', ['run', '.', ...words], { cwd: folder, env: { ...process.env, GOFLAGS: '-mod=readonly' }, maxBuffer: 10_000_000 })).stdout;
/** What the Go program prints here; null on a machine without Go or without its modules, where its committed output has to do. */
const printed = await askGo().catch(() => null);

describe('the Merkle tree, compared with an independent implementation', () => {
  it('is compared with vectors that the Go program prints today', () => {
    expect(JSON.parse(printed ?? committed)).toEqual(JSON.parse(committed));
  });

  it('has the same leaves and roots at every size', async () => {
    expect(vectors.leaves.map((leaf) => hex(hashLeaf(Buffer.from(leaf, 'hex'))))).toEqual(vectors.leafHashes);
    expect(await Promise.all(vectors.roots.map(async (_, size) => hex(await rootAt(size))))).toEqual(vectors.roots);
  });

  it('has the same root from a frontier that keeps no leaves', () => {
    const frontier = createFrontier();
    const roots = [hex(frontier.root())];
    for (const leaf of leaves) {
      frontier.append(leaf);
      roots.push(hex(frontier.root()));
    }

    expect(roots).toEqual(vectors.roots);
  });

  it('makes and accepts the same inclusion proofs', async () => {
    for (const { index, size, proof } of vectors.inclusion) {
      expect((await inclusionProof(read, index, size)).map(hex)).toEqual(proof);
      const path = proof.map((hash) => Buffer.from(hash, 'hex'));
      expect(verifyInclusion(path, leaves[index] ?? Buffer.alloc(0), index, size, await rootAt(size))).toBe(true);
    }
  });

  it('makes and accepts the same consistency proofs', async () => {
    for (const { from, to, proof } of vectors.consistency) {
      expect((await consistencyProof(read, from, to)).map(hex)).toEqual(proof);
      const path = proof.map((hash) => Buffer.from(hash, 'hex'));
      expect(verifyConsistency(path, { size: from, root: await rootAt(from) }, { size: to, root: await rootAt(to) })).toBe(true);
    }
  });

  it('accepts no proof with a hash changed, left out or added, nor for another place', async () => {
    const wrong = Buffer.alloc(32, 1);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: leaves.length }), fc.nat(), fc.nat(), async (size, chosen, at) => {
        const index = chosen % size;
        const leaf = leaves[index] ?? wrong;
        const root = await rootAt(size);
        const proof = await inclusionProof(read, index, size);
        const broken = proof.map((hash, position) => (position === at % proof.length ? wrong : hash));

        expect(verifyInclusion(broken, leaf, index, size, root)).toBe(false);
        expect(verifyInclusion(proof.slice(1), leaf, index, size, root)).toBe(false);
        expect(verifyInclusion([...proof, wrong], leaf, index, size, root)).toBe(false);
        expect(verifyInclusion(proof, wrong, index, size, root)).toBe(false);
        expect(verifyInclusion(proof, leaf, (index + 1) % size, size, root)).toBe(false);
        const from = { size: index + 1, root: await rootAt(index + 1) };
        const between = await consistencyProof(read, from.size, size);
        expect(verifyConsistency(between, { ...from, root: wrong }, { size, root })).toBe(false);
        expect(verifyConsistency([...between, wrong], from, { size, root })).toBe(false);
        if (between.length > 0) expect(verifyConsistency(between.slice(1), from, { size, root })).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a checkpoint', () => {
  const checkpoint = { origin: 'carethread/vectors', size: 70, root: Buffer.from(vectors.roots[70] ?? '', 'hex') };

  it('is the same note, byte for byte, as the one that Go signs', () => {
    expect(signCheckpoint(checkpoint, noteSigner(vectors.privateKey))).toBe(vectors.note);
    expect(openCheckpoint(vectors.note, noteVerifier(vectors.publicKey))).toEqual(checkpoint);
  });

  it('with a new key of ours is opened by Go', async () => {
    const key = generateNoteKey('carethread/vectors');
    const signed = signCheckpoint(checkpoint, noteSigner(key.privateKey));

    const opened = printed === null ? signed.slice(0, signed.indexOf('\n\n') + 1) : await askGo('open', key.publicKey, signed);

    expect(opened).toBe(`carethread/vectors\n70\n${checkpoint.root.toString('base64')}\n`);
  });

  it('is refused when changed, signed by another, of another ledger, or no note at all', () => {
    const verifier = noteVerifier(vectors.publicKey);
    const other = noteSigner(generateNoteKey('carethread/vectors').privateKey);
    const elsewhere = generateNoteKey('carethread/elsewhere');

    expect(() => openCheckpoint(vectors.note.replace('\n70\n', '\n71\n'), verifier)).toThrow('changed after it was signed');
    expect(() => openCheckpoint(signCheckpoint(checkpoint, other), verifier)).toThrow('no signature by');
    expect(() => openCheckpoint(vectors.note, noteVerifier(elsewhere.publicKey))).toThrow('no signature by');
    expect(() => openCheckpoint('carethread/vectors\n70\n', verifier)).toThrow('not a signed note');
    expect(() => signCheckpoint(checkpoint, noteSigner(elsewhere.privateKey))).toThrow("ledger's own key");
    expect(() => noteVerifier(vectors.publicKey.slice(0, -2))).toThrow('no Ed25519 note key');
    expect(() => noteSigner(vectors.publicKey)).toThrow('no Ed25519 note key');
  });
});
