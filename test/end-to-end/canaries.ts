import { randomInt } from 'node:crypto';

/** Texts that stand nowhere else, by what they are: one for each thing that is a patient's. */
export interface Canaries {
  /** Twelve digits, which nothing changes, in every text that may hold them. */
  mark: string;
  texts: Readonly<Record<CanaryName, string>>;
}

export type CanaryName =
  | 'name' | 'chineseName' | 'otherName' | 'note' | 'birthDate' | 'recordNumber' | 'mailbox' | 'phone' | 'misdialled' | 'evidence' | 'optOutEvidence' | 'fact' | 'laterFact' | 'written' | 'spoken' | 'typed';

export function newCanaries(): Canaries {
  const mark = String(randomInt(100_000_000_000, 1_000_000_000_000));
  const texts: Canaries['texts'] = {
    name: `Zefira Quandry ${mark}`,
    chineseName: `欧阳翡翠${mark}`,
    otherName: `Zefira Misread ${mark}`,
    note: `note ${mark} on the left knee`,
    birthDate: '1907-08-13',
    recordNumber: `SHOW-${mark}`,
    mailbox: `mail-${mark}@example.org`,
    // All that patients' numbers have in common.
    phone: '21255501',
    misdialled: `ask the neighbour ${mark}`,
    evidence: `Form ${mark}`,
    optOutEvidence: `said on the telephone ${mark} to Casey`,
    fact: `${mark}5`,
    laterFact: `${mark}7`,
    written: `where do I park ${mark} tomorrow`,
    spoken: `worried about ${mark} at night`,
    typed: `told the nurse of ${mark} by the bed`,
  };
  return { mark, texts };
}
