import type { Channel } from '../codes.ts';

/** How many contacts we begin with one patient, over all plans, within any 24 hours and any 7 times 24 hours. */
export interface Cap {
  day: number;
  week: number;
}

/** What bounds contacts of all plans of a patient. */
export interface ContactLimits {
  all: Cap;
  channels: Readonly<Record<Channel, Cap>>;
  /** Between contacts of different steps. */
  spacingMs: number;
  /** Over which what quiet hours held goes out. */
  releaseSpreadSeconds: number;
  /** Reminders that are due so soon go along with one that goes out now. */
  mergeWindowMs: number;
  /** Others that one message may carry. */
  mergeMost: number;
}

/** As `gate.setting` has them when no operator has set others; docs/contact-limits.md says why. A test compares the two. */
export const contactLimits: ContactLimits = {
  all: { day: 8, week: 20 },
  channels: { sms: { day: 8, week: 20 }, email: { day: 3, week: 10 }, voice: { day: 3, week: 7 } },
  spacingMs: 600_000,
  releaseSpreadSeconds: 1_800,
  mergeWindowMs: 1_800_000,
  mergeMost: 3,
};
