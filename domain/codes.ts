/** The words that every room shares. String unions, never enums: they are the same in SQL, JSON and TypeScript. */

export const channels = ['sms', 'email', 'voice'] as const;
export type Channel = (typeof channels)[number];

export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

/** A stored code as a language that the engine speaks; English where it speaks no such one. */
export function languageOf(code: string | null): Language {
  return languages.find((language) => language === code) ?? 'en';
}

/** Why patient data is touched. A purpose x legal basis table in docs/security.md says where consent is the basis. */
export type Purpose = 'follow-up' | 'recording' | 'treatment' | 'administration' | 'rights' | 'oversight';

export const levels = ['red', 'amber'] as const;
export type Level = (typeof levels)[number];

/** How a planned contact ends: exactly one of these, never none. */
export const touchpointOutcomes = ['answered', 'delivered', 'sent-unconfirmed', 'missed', 'merged', 'waived', 'escalated', 'failed'] as const;
export type TouchpointOutcome = (typeof touchpointOutcomes)[number];

export const roles = ['coordinator', 'clinician', 'engineer', 'auditor', 'admin', 'service'] as const;
export type Role = (typeof roles)[number];

/** What one begun contact came to. `held` and `refused` never reached a provider; `unknown` may have. */
export type ContactOutcome =
  | { kind: 'sent'; providerSid: string | null }
  | { kind: 'held'; until: string; reason: HeldReason }
  | { kind: 'refused'; reason: RefusedReason }
  | { kind: 'unreachable'; reason: string; tryOtherChannel: boolean }
  | { kind: 'unknown'; reason: string };

/** Holds by the rules that bind all plans of a patient: hours, caps over all channels and on one, and the distance between contacts. */
export const governedReasons = ['quiet-hours', 'daily-cap', 'weekly-cap', 'channel-cap', 'spacing'] as const;
export type GovernedReason = (typeof governedReasons)[number];

export const heldReasons = [...governedReasons, 'number-busy', 'reply-waiting', 'missing-translation', 'ledger-behind', 'provider-busy', 'overtaken'] as const;
export type HeldReason = (typeof heldReasons)[number];

export const refusedReasons = ['no-consent', 'consent-withdrawn', 'opted-out', 'no-address', 'address-suspended', 'deceased', 'admitted', 'inactive', 'expired', 'stale'] as const;
export type RefusedReason = (typeof refusedReasons)[number];

/** Makes a `switch` over a union exhaustive: adding a member is then a type error where it is not handled. */
export function assertNever(value: never): never {
  throw new Error(`Not a member of its union: ${JSON.stringify(value)}`);
}
