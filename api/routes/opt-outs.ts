import { z } from 'zod';
import { createGate } from '../../store/gate.ts';
import { cancelConversationsOn, tryHeldConversations, unresolvedOn } from '../../store/opt-outs.ts';
import { putText, tellFollowUps } from '../../store/patients.ts';
import { note } from '../patient-data.ts';
import { Problem, invalidField } from '../problem.ts';
import { route } from '../route.ts';
import type { Asked, Route } from '../route.ts';
import { id } from '../schemas.ts';
import { askEverybody } from '../task-words.ts';
import { unresolved } from './consents.ts';
import { languageOfCaller } from './tasks.ts';

const tag = 'opt-outs';
const params = z.object({ patientId: id });
const wish = z.strictObject({
  addressId: id.meta({ description: 'A number or mailbox of the patient\'s card.' }),
  reason: z.enum(['by-phone', 'in-person', 'in-writing', 'by-proxy']).meta({ description: 'How staff were told. It is in the ledger.' }),
  evidence: note.meta({ description: 'Who said what, when and to whom, or where the letter is. Kept sealed.' }),
});
const answer = z.object({ patientId: id, addressId: id, optedOut: z.boolean().meta({ description: 'Whether nothing is begun there now.' }), todo: z.string().nullable().meta({ description: 'What is left to be done, in your language, where it stays opted out for others.' }), unresolved: z.array(unresolved), enrolmentsTold: z.int() }).meta({ id: 'OptOut' });

export const optOutRoutes: readonly Route[] = [
  route(
    'signed-in',
    {
      method: 'post', path: '/v1/patients/{patientId}/opt-outs', tag, summary: 'Begin nothing more on a number or mailbox, as the patient told staff', status: 201, params, body: wish, answer, problems: ['refused', 'conflict'],
      description: 'For whoever shares it, emergency advice included, as a STOP by text does. An open conversation on it ends; follow-ups go on by what is left. `unresolved` lists the patient\'s contacts there that were under way at that moment and may still arrive, or already have.',
    },
    (asked) => change(asked, true),
  ),
  route(
    'signed-in',
    {
      method: 'post', path: '/v1/patients/{patientId}/opt-outs/withdraw', tag, summary: 'Use a number or mailbox again, as the patient told staff', params, body: wish, answer, problems: ['refused', 'conflict'],
      description: 'For this patient. Where it is opted out for another who has it too, it stays so until that is withdrawn as well: then `optedOut` is true, and `todo` says what is left. START from the phone lifts what STOP did for all who have it, and what staff recorded only for whoever has it alone. It gives no consent. A block that the patient set at the carrier by STOP stays until they text START there.',
    },
    (asked) => change(asked, false),
  ),
];

async function change(asked: Asked<z.output<typeof params>, object, z.output<typeof wish>>, optedOut: boolean): Promise<z.input<typeof answer>> {
  const { deps, params: { patientId }, body, open, commit, session, now } = asked;
  const { addressId, reason, evidence } = body;
  const secret = await open({ purpose: 'rights', action: 'change-opt-out', patients: [patientId], fields: ['contact.card', 'opt-out.evidence'], act: `${optedOut ? 'opt-out' : 'opt-in'}/${reason}/${addressId}` });
  const language = await languageOfCaller(asked);
  return commit(async (tx, tell) => {
    const gate = createGate(tx);
    // Behind the request's key: sent again it is answered as before, also when the card has lost the address since.
    const [[card], told] = await Promise.all([gate.readCard(secret), gate.read(secret)]);
    const address = card?.addresses.find((each) => each.addressId === addressId);
    if (address === undefined) throw invalidField('/addressId', 'This patient has no such number or mailbox. Take the id from the patient\'s card.');
    const version = 1 + (told.find((value) => value.rowId === addressId)?.version ?? 0);
    // Nobody is messaged again after their own word because it was taken back for another. And that another had it opted out already makes this one's word no less news.
    const remains = optedOut || address.optedOutByOthers;
    await putText(tx, deps.vault, secret, { patientId, field: 'opt-out.evidence', rowId: addressId, version, text: evidence });
    const isNews = optedOut ? !address.optedOutForPatient : address.optedOutAt !== null && !remains;
    const conversations = isNews && optedOut ? [...(await cancelConversationsOn(tx, { patientId, addressId }, now)), ...(await tryHeldConversations(tx, [patientId], address.kind, now))] : [];
    const followUps = isNews ? await tellFollowUps(tx, patientId, optedOut ? { kind: 'opted-out', address: address.kind } : { kind: 'opted-in' }, `person/${session.personId}`, now) : [];
    // The address is locked last, after conversations and enrolments: the order in which a contact's begin locks them.
    await (optedOut ? gate.optOut(secret, addressId, 'staff') : gate.optIn(secret, addressId));
    // Looked at behind the lock: somebody may have written STOP since.
    const [after] = await gate.readCard(secret);
    if ((after?.addresses.find((each) => each.addressId === addressId)?.optedOutAt === null) === remains) throw new Problem('conflict', 'Somebody else who has this number or mailbox has opted it out or in just now. Look at the card, and do it again.');
    tell([...conversations, ...followUps]);
    return { patientId, addressId, optedOut: remains, todo: remains && !optedOut ? askEverybody[language] : null, unresolved: optedOut ? await unresolvedOn(tx, { patientId, addressId }) : [], enrolmentsTold: followUps.length };
  });
}
