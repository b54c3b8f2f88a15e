import type { Logger } from '../config/logger.ts';
import type { Sql } from '../store/connect.ts';

/** What the authentication process touches. */
export interface AuthDeps {
  /** As login ct_auth. */
  sql: Sql;
  logger: Logger;
  settings: AuthSettings;
}

export interface AuthSettings {
  /** How long a session lasts. */
  sessionSeconds: number;
  /** Failed sign-ins that one address, and likewise one login, may make in a quarter of an hour. */
  failuresPerQuarterHour: number;
  trustedProxies: number;
  /** False only where browsers come by plain HTTP, on a laptop. */
  secureCookie: boolean;
  /** Where the sign-in page may lead on to: the API's own origin, and the Temporal UI's. */
  returnOrigins: readonly string[];
  /** Undefined: there is none to lead to. */
  temporalUiOrigin: string | undefined;
  /** The API's page that explains problems: this process has none. */
  docsUrl: string;
}
