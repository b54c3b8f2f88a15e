/** The Message-ID of an attempt's mail: the same each time, and nothing but the opaque attempt id. */
export function messageIdFor(attemptId: string, domain: string): string {
  return `<${attemptId}@${domain}>`;
}
