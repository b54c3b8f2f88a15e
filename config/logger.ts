import { pino } from 'pino';
import type { Bindings, ChildLoggerOptions, DestinationStream, LogFn, Logger, LoggerOptions as PinoOptions } from 'pino';

export type { Logger } from 'pino';

/**
 * Fields that may hold a person or a secret: their values never reach a log line, at any depth. Ids, codes, counts and
 * instants are what logs are for; the redaction is the net below, not the plan.
 */
export const redactedFields = [
  'authorization', 'cookie', 'set-cookie', 'x-twilio-signature', 'password', 'token', 'secret', 'url',
  'body', 'rawBody', 'query', 'text', 'subject', 'html', 'answers', 'answer', 'reply', 'transcript', 'speech', 'digits',
  'to', 'from', 'phone', 'email', 'address', 'name', 'givenName', 'familyName', 'birthDate', 'mrn', 'note', 'evidence',
] as const;

const redacted: ReadonlySet<string> = new Set(redactedFields.map((field) => field.toLowerCase()));
const censor = '[redacted]';
const deepest = 6;

/** The same fields, with what is personal taken out, errors made safe, and what is too deep or no plain data left out. */
export function redact(fields: object): Record<string, unknown> {
  const { req, res } = fields as { req?: unknown; res?: unknown };
  // pino-http hands over the raw request and response; its serializers and `httpPaths` take care of them.
  return { ...redactObject({ ...fields, req: undefined, res: undefined }, 0), ...(req === undefined ? {} : { req }), ...(res === undefined ? {} : { res }) };
}

/** Of a request and a response only what tells which they are. Paths hold no patient data; headers and queries may. */
const httpPaths = ['req.headers', 'req.query', 'req.params', 'req.raw', 'req.body', 'req.remoteAddress', 'res.headers', 'res.raw'];

function redactObject(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, redactField(field.toLowerCase(), value, depth)]));
}

function redactField(field: string, value: unknown, depth: number): unknown {
  if (redacted.has(field)) return censor;
  // Whatever was thrown: a text could quote anything.
  if (field === 'err' || field === 'error' || field === 'cause') return serializeError(value);
  return redactValue(value, depth + 1);
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return serializeError(value);
  if (value instanceof Date) return value;
  if (depth > deepest) return censor;
  if (Array.isArray(value)) return value.map((each) => redactValue(each, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  // Requests, sockets and the like: what they hold is not for logs.
  return prototype === Object.prototype || prototype === null ? redactObject(value, depth) : censor;
}

/**
 * An error as it may be logged: what it is, where it came from, its code. The message is kept only of our own errors (they
 * carry a `code` of lower-case words and are written to be shown); those of drivers and providers may quote a row, a body or a number.
 */
export function serializeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : undefined;
  const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined;
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    ...(status === undefined ? {} : { status }),
    ...(typeof code === 'string' && /^[a-z]+(-[a-z]+)+$/.test(code) ? { message: error.message } : {}),
    stack: framesOf(error),
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  };
}

/** The stack without its first lines, which repeat the message. */
function framesOf(error: Error): string[] {
  return (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).map((line) => line.trim());
}

export interface LoggerOptions {
  /** Short name of the process, in every line. */
  process: string;
  level: string;
  /** Standard output unless told. */
  destination?: DestinationStream;
}

/** The logger of a process, used as `logger.info({ enrolmentId }, 'what happened')`. */
export function createLogger({ process, level, destination }: LoggerOptions): Logger {
  const options: PinoOptions = {
    level,
    base: { process },
    redact: { paths: httpPaths, remove: true },
    serializers: { req: pino.stdSerializers.req, res: pino.stdSerializers.res },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: redact },
    hooks: { logMethod: logWithMessage },
  };
  const logger = destination === undefined ? pino(options) : pino(options, destination);
  // A child's bindings are written out past the formatter; children inherit this `child`.
  return Object.assign(logger, { child: redactingChild(Reflect.get(logger as object, 'child') as Child) });
}

type Child = (this: Logger, bindings: Bindings, options?: ChildLoggerOptions) => Logger;

function redactingChild(plainChild: Child) {
  return function child(this: Logger, bindings: Bindings, options?: ChildLoggerOptions): Logger {
    return plainChild.call(this, redact(bindings), options);
  };
}

/** Without a message of its own, pino takes that of the error, which may quote anything. */
function logWithMessage(this: Logger, parts: Parameters<LogFn>, method: LogFn): void {
  const [fields, message] = parts as [unknown, string | undefined];
  if (typeof fields !== 'object' || fields === null) method.apply(this, parts);
  else method.call(this, fields instanceof Error ? { err: fields } : fields, message ?? 'noted');
}

/**
 * What nobody caught ends the process, told as every error is: Node itself would print all that it holds, which may be a row or a body. Of an error at the
 * start, such as content with faults, it says what to do.
 */
export function endOnUncaught(logger: Logger): void {
  process.on('uncaughtException', (error: unknown) => {
    logger.fatal({ err: error }, 'the process ends: nothing had foreseen this error');
    process.exit(1);
  });
}
