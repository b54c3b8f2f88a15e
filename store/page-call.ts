/**
 * The call id of a staff page by voice: it names the escalation and the page, because such a call has no row of its own
 * (no patient, no questionnaire, no recording). The webhook reads it back.
 */
export function pageCallId(escalationId: string, page: number): string {
  return `page.${escalationId}.${page}`;
}

export function parsePageCallId(callId: string): { escalationId: string; page: number } | null {
  const match = /^page\.([0-9a-f-]{36})\.(\d+)$/.exec(callId);
  return match?.[1] === undefined || match[2] === undefined ? null : { escalationId: match[1], page: Number(match[2]) };
}
