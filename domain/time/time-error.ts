export type TimeErrorCode =
  | 'bad-duration' | 'bad-anchor' | 'bad-zone' | 'bad-local-time' | 'bad-instant' | 'empty-contact-hours'
  | 'bad-window' | 'bad-offset' | 'bad-rule' | 'bad-region' | 'no-calendar' | 'never-open';

/** Thrown when a date, time, zone or duration that the edge should have refused reaches the rules. */
export class TimeError extends Error {
  override readonly name = 'TimeError';
  readonly code: TimeErrorCode;

  constructor(code: TimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
