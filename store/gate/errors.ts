/** Thrown by the conveniences of the gate when the verdict is not `allowed`; `reason` is a code, such as `not-in-care-team`. */
export class GateRefused extends Error {
  readonly code = 'GATE_REFUSED';
  readonly reason: string;
  readonly verdict: 'refused' | 'held';
  /** Ledger leaf hash of the refusal, hex. */
  readonly receipt: string;

  constructor(verdict: 'refused' | 'held', reason: string, receipt: string) {
    super(`The gate answered ${verdict}: ${reason}.`);
    this.verdict = verdict;
    this.reason = reason;
    this.receipt = receipt;
  }
}

/**
 * Thrown when a secret opens nothing: unknown, expired, refused, for another action, patient or field, read in the
 * transaction that opened it, outside READ COMMITTED, or overtaken by a withdrawal. The database does not say which.
 */
export class GrantGone extends Error {
  readonly code = 'GRANT_GONE';

  constructor(cause: unknown) {
    super('No such grant: open it again, commit, and use it in another READ COMMITTED transaction within 30 seconds.', { cause });
  }
}

/** Thrown when a value was changed in between (read it again), or an identifier, address or id is already in use. */
export class VersionConflict extends Error {
  readonly code = 'VERSION_CONFLICT';

  constructor(cause: unknown) {
    super('The value was changed in between or is already in use: read it again and repeat.', { cause });
  }
}

/** Thrown when an argument is not what the gate takes: an unknown zone, status, channel or contact kind. */
export class GateInputError extends Error {
  readonly code = 'GATE_INPUT';

  constructor(message: string, cause: unknown) {
    super(message, { cause });
  }
}

/** Thrown when the clock of this process and the database's are too far apart to begin anything with a patient: hours would be judged by a wrong time. */
export class ClockWrong extends Error {
  readonly code = 'CLOCK_WRONG';

  constructor(message: string, cause: unknown) {
    super(message, { cause });
  }
}

/** Turns the gate's SQLSTATEs into the errors above; any other error stays as it is. */
export function toGateError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  switch (error.code) {
    case 'CT001':
      return new GrantGone(error);
    case 'CT409':
      return new VersionConflict(error);
    case 'CT422':
      return new GateInputError(error.message, error);
    case 'CT503':
      return new ClockWrong(error.message, error);
    default:
      return error;
  }
}
