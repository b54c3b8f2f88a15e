import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { createGate } from '../../store/gate.ts';
import { tellConsentWithdrawn } from '../../store/opt-outs.ts';
import { putText, tellFollowUps } from '../../store/patients.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { channel, code, id, instant } from '../schemas.ts';

const tag = 'consents';
const params = z.object({ patientId: id });
const consentPurpose = z.enum(['follow-up', 'recording']);
/** A contact that was under way when a right ended. */
export const unresolved = z.object({ attemptId: id, status: z.enum(['claimed', 'unknown']), channel: z.string(), claimedAt: instant }).meta({ id: 'UnresolvedAttempt' });

export const consentRoutes: readonly Route[] = [
  route(
    'signed-in',
    {
      method: 'post', path: '/v1/patients/{patientId}/consents', tag, summary: 'Record a consent with its evidence', description: 'One purpose, one or more channels. A consent given anew takes the place of the one before.', status: 201, params, problems: ['refused'],
      body: z.strictObject({
        purpose: consentPurpose, channels: z.array(channel).min(1).max(3), evidenceKind: z.enum(['signature', 'recorded-yes', 'web-form', 'paper']),
        evidence: z.string().min(1).max(2000).meta({ description: 'Where the evidence is, such as the form\'s number. Kept sealed.' }), noticeVersion: code,
      }),
      answer: z.object({ patientId: id, purpose: consentPurpose, channels: z.array(channel), enrolmentsTold: z.int() }),
    },
    async ({ deps, params: { patientId }, body, open, commit, session, now }) => {
      const secret = await open({ purpose: 'rights', action: 'change-consent', patients: [patientId], fields: ['consent.evidence'], act: `grant=${body.purpose}` });
      return commit(async (tx, tell) => {
        const rowId = randomUUID();
        const wanted = [...new Set(body.channels)];
        await putText(tx, deps.vault, secret, { patientId, field: 'consent.evidence', rowId, version: 1, text: body.evidence });
        for (const each of wanted) await createGate(tx).consentGrant(secret, { patientId, purpose: body.purpose, channel: each, evidenceKind: body.evidenceKind, evidenceRowId: rowId, noticeVersion: body.noticeVersion });
        const threads = await tellFollowUps(tx, patientId, { kind: 'consent-changed' }, `person/${session.personId}`, now);
        tell(threads);
        return { patientId, purpose: body.purpose, channels: wanted, enrolmentsTold: threads.length };
      });
    },
  ),
  route(
    'signed-in',
    {
      method: 'post', path: '/v1/patients/{patientId}/consents/withdraw', tag, summary: 'Withdraw consent, at once', params, problems: ['refused'],
      description: 'Null means every purpose, every channel. Withdrawn from follow-up as a whole (`channel` null), every follow-up ends; on one channel, each goes on with what is left, its tasks for staff at least: a question that is open there goes on by the step\'s next channel, or ends without an alarm. `unresolved` lists the contacts that were under way at that moment and may still arrive, or already have.',
      body: z.strictObject({ purpose: consentPurpose.nullable(), channel: channel.nullable() }),
      answer: z.object({ patientId: id, unresolved: z.array(unresolved), enrolmentsTold: z.int() }),
    },
    async ({ params: { patientId }, body, open, commit, session, now }) => {
      const secret = await open({ purpose: 'rights', action: 'change-consent', patients: [patientId], fields: [], act: `withdraw=${body.purpose ?? 'all'}/${body.channel ?? 'all'}` });
      return commit(async (tx, tell) => {
        const attempts = await createGate(tx).consentWithdraw(secret, patientId, body.purpose, body.channel);
        const isWhole = body.channel === null && body.purpose !== 'recording';
        const threads = await tellFollowUps(tx, patientId, { kind: isWhole ? 'consent-withdrawn' : 'consent-changed' }, `person/${session.personId}`, now);
        tell(threads);
        if (body.channel !== null && body.purpose !== 'recording') tell(await tellConsentWithdrawn(tx, patientId, body.channel, now));
        return { patientId, unresolved: attempts, enrolmentsTold: threads.length };
      });
    },
  ),
];
