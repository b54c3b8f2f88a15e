import { randomBytes } from 'node:crypto';
import { answersCall } from '../../sandbox/showcase/call-scripts.ts';
import { replyTo } from '../../sandbox/showcase/reactions.ts';
import { words } from '../../sandbox/showcase/words.ts';
import type { Patient, Person } from '../../sandbox/showcase/scene.ts';

/** Texts that stand nowhere else; each field of each patient has one. */
export interface Canaries {
  /** By what they are, such as `name`. */
  texts: Record<string, string>;
  patients: Patient[];
}

const sign = (): string => randomBytes(6).toString('hex');

/** Patients who go through texts, mail, a recorded call, a red alert and the inbox, with a canary in everything that is theirs. */
export function canaryPatients(): Canaries {
  const texts: Record<string, string> = {
    name: `Zefira Quandry${sign()}`,
    chineseName: `欧阳翡翠${String(Date.now()).slice(-6)}`,
    note: `note ${sign()} on the left knee`,
    spoken: `worried about ${sign()} at night`,
    written: `where do I park ${sign()} tomorrow`,
    birthDate: '1907-08-13',
    phoneOfCaller: '2125550141',
    phoneOfAlarmed: '2125550142',
    mailbox: 'canary-by-mail@example.org',
  };
  const person = (phone: string, more: Partial<Person>): Person => ({ name: texts['name'] ?? '', birthDate: texts['birthDate'] ?? '', sex: 'female', language: 'en', zone: 'day', phone, note: texts['note'] ?? '', ...more });
  const spoken = answersCall('en', 'agrees', 2);
  if (spoken.kind === 'human') spoken.turns = spoken.turns.map((turn) => (turn.when === words.concerns.en ? { ...turn, say: texts['spoken'] } : turn));
  const patients: Patient[] = [
    {
      id: 'canary-by-voice',
      person: person('41', {}),
      consents: ['sms', 'voice'],
      plan: 'showcase',
      manner: { calls: [spoken] },
      async act(scene) {
        await replyTo(scene, 'pain', '3');
        await replyTo(scene, 'thanks', texts['written'] ?? '');
      },
      checks: () => [],
    },
    {
      id: 'canary-alarmed',
      person: person('42', { name: texts['chineseName'] ?? '', language: 'zh' }),
      consents: ['sms', 'voice'],
      plan: 'showcase-question',
      act: (scene) => replyTo(scene, 'pain', '9'),
      checks: () => [],
    },
    {
      id: 'canary-by-mail',
      person: person('43', {}),
      consents: ['email'],
      plan: 'showcase',
      until: async ({ actors, enrolmentId }) => {
        const { touchpoints } = await actors.coordinator.get<{ touchpoints: { stepId: string; status: string }[] }>(`/v1/enrolments/${enrolmentId}`);
        return touchpoints.some((touchpoint) => touchpoint.stepId === 'welcome' && touchpoint.status === 'sent');
      },
      checks: () => [],
    },
  ];
  return { texts, patients };
}
