/**
 * The call id of a staff page by voice: it names the escalation and the page, because such a call has no row of its own
 * (no patient, no questionnaire, no recording). It is also the path of its webhooks: `voice/page/<escalation>/<page>`.
 */
export function pageCallId(escalationId: string, page: number): string {
  return `page/${escalationId}/${page}`;
}
