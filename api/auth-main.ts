import { authDefinition } from '../config/auth.ts';
import { loadConfig } from '../config/load.ts';
import { createLogger } from '../config/logger.ts';
import { connect } from '../store/connect.ts';
import { createAuthApp } from './auth-app.ts';
import { serve, stopAsked } from './serve.ts';

const config = loadConfig(authDefinition);
const logger = createLogger({ process: 'auth', level: config.logLevel });
const stop = stopAsked();
const sql = connect(config.databaseUrl, { max: 4, applicationName: 'carethread-auth' });
const app = createAuthApp({ sql, logger, settings: { sessionSeconds: 12 * 3600, failuresPerQuarterHour: 10, trustedProxies: config.trustedProxies } });
const server = await serve(app, config.httpHost, config.httpPort);
logger.info({ port: server.port }, 'authentication process is up');
logger.info({ signal: await stop }, 'stopping');
await server.stop(config.shutdownGraceSeconds * 1000);
await sql.end({ timeout: 5 });
