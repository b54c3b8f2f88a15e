import { z } from 'zod';
import { mostSteps } from '../domain/plan/format.ts';
import { pageLimit } from './schemas.ts';

/** What requests about two versions of a plan, and about everybody in the older one, have in common. */
export const version = z.int().min(1).max(2_000_000_000);
const stepId = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, 'Write a step\'s id.');
export const group = z.string().regex(/^[0-9a-f]{12}$/, 'Use a group of the answer before.');
export const after = z.uuid('Use the nextCursor of the page before.').optional();
export const stepMap = z.record(stepId, stepId.nullable()).refine((map) => Object.keys(map).length <= mostSteps, `Name ${mostSteps} steps at most: a plan has no more.`).optional().meta({ description: 'Steps of the old version to steps of the new one, or null for a step that ends. Overrides the guess, which is made by id, then by kind and place in time.' });
export const listOfGroup = z.strictObject({ group, cursor: after, limit: pageLimit }).optional();
